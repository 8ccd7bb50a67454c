vcl 4.1;
import std;
import directors;
include "acl.vcl";

probe alive {
    .url = "/alive";
    .interval = 5s;
}
backend one {
    .host = "10.0.0.1";     # the first
    .port = "8080";
    .probe = alive;
    .max_connections = 300;
}
backend two { .host = "two.internal"; .probe = { .url = "/"; .interval = 2s; } .connect_timeout = 1s; }
/* nobody asks for it */
backend images { .host = "10.0.0.9"; }

sub vcl_init {
    new shop = directors.random();
    shop.add_backend(one, 3.0);
    shop.add_backend(two, 1.0);
}
sub choose { set req.backend_hint = shop.backend(); }
sub vcl_recv {
    call choose;
    if (req.method == "PURGE" && client.ip ~ purgers) { return (purge); }
    if (req.url ~ {"^/images/"}) { set req.backend_hint = images; set req.http.x = "}"; }
    return (pass);
}
