// Package apiproxy is a view of the API server in which there are some
// namespaces only, for a program such as istiod that asks for everything. It
// stands beside that program, and has no credential: each request goes on with
// the token it came with, so that the API server's RBAC decides it.
//
// In goes a request for all objects of a kind that has a namespace,
//
//	GET /api/v1/services?watch=true&resourceVersion=20
//
// out go requests for those of each namespace, whose answers are merged:
//
//	GET /api/v1/namespaces/istio-system1/services?watch=true&resourceVersion=17&...
//	GET /api/v1/namespaces/ns-1/services?watch=true&resourceVersion=20&...
//
// Of a kind without a namespace, the objects that are named are asked for
// by a field selector, which RBAC's resourceNames accept. Every other request
// goes on unchanged.
//
//   - A list is complete or an error. A namespace that refuses is such an error, and named: an
//     empty part would take its objects from the client's mesh. Only a namespace that does not
//     exist, or is about to go, is empty; when it comes, or has gone, watches end by 410, so that clients list anew.
//   - A watch goes on where it was: package positions remembers how far each namespace had told.
//     A version that it does not know is answered by 410 (Expired).
//   - Nothing is cached but what positions and the API server's discovery say. Events are handed on one by one,
//     each whole or not at all.
//   - An API server that cannot be reached is answered for by 429 with Retry-After, at which clients try again.
//
// A version that a list without selectors has told is known to watches without
// selectors: a client has to list and watch alike, as client-go does.
package apiproxy
