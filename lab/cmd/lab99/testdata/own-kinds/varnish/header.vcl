vcl 4.1;
backend default none;
backend app { .host = "127.0.0.1"; .port = "8080"; .proxy_header = 1; }
sub vcl_recv { set req.backend_hint = app; return (pass); }
