// Package apiproxy is a view of the API server that has some namespaces only,
// for a program such as istiod that asks for all namespaces. It runs next to
// that program, and has no credential of its own: it forwards each request with
// the token that came with it, so that the API server's RBAC decides.
//
// It gets a request for all objects of a namespaced kind,
//
//	GET /api/v1/services?watch=true&resourceVersion=20
//
// sends a request for each namespace, and merges the answers:
//
//	GET /api/v1/namespaces/istio-system1/services?watch=true&resourceVersion=17&...
//	GET /api/v1/namespaces/ns-1/services?watch=true&resourceVersion=20&...
//
// For a cluster-scoped kind, it asks for the named objects by a field selector,
// which RBAC's resourceNames accept. It forwards every other request unchanged.
//
//   - A list is complete, or an error. If the API server refuses the list of one namespace, the
//     error names the namespace: an empty part would remove its objects from the client's mesh.
//     Only a namespace that does not exist, or is being deleted, is empty. When it is created, or
//     is gone, watches end with 410, so that clients list again.
//   - A watch continues where it was: package positions remembers the position in each namespace.
//     A version that it does not know is answered with 410 (Expired).
//   - Only the positions and the API server's discovery are cached. Events are forwarded one by
//     one, each as a whole or not at all.
//   - If the API server cannot be reached, the answer is 429 with Retry-After, and clients try again.
//
// A version from a list without selectors is known to watches without
// selectors: a client has to list and watch with the same selectors, as client-go does.
package apiproxy
