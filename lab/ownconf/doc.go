// Package ownconf puts a route of somebody's own nginx configuration, or a backend
// of their haproxy.cfg, into the words of the laws: K from its peers, weights and
// proxy_bind, f from who closes first, churn from its pool, tries from its retries.
//
//	choice, err := ownconf.Choose(config, release, "example.org", "/api/")
//	told := ownconf.Of(choice.Routes[0], law.Setup{Ports: 28232, RatePerS: 900})
//	prediction := law.Predict(told.Setup.Complete())
//
// What decides too and stands in no file (how many addresses a name has, whether
// the backend keeps connections open) is in Told.Unknown, with what is taken for
// granted in its place.
//
// Neighbours: packages nginxconf and haproxyconf read the configuration, package
// law does the sums.
package ownconf
