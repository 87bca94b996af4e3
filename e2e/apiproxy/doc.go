// Package apiproxy shows, on a real API server and with the real proxy, that
// `istio-tenancy api-proxy` loses nothing: whatever breaks, a client's state becomes the API
// server's.
//
//	go test -count=1 -v .                                  # the claims
//	go test -count=1 -v -timeout 0 -run Soak -soak 30m .   # hours of natural timeouts
//	go test -run '^$' -bench . -benchtime 1x .             # what the proxy costs
//
// The clients are watchers of this package, which work as client-go's reflector
// does, and real informers. Between the proxy and the API servers stand two
// forwarders: one of bytes, one of HTTP. Both do harm when they are told to. Logs of
// the last run are in .logs/.
package apiproxy
