// Package checklist compares a version of Istio to what this project knows of
// Istio, and lists what somebody has to look at before tenants may run it.
//
// Facts are what a version consists of, read from its charts, as Helm renders
// them, and from the source of istiod:
//
//	right: istiod in the cluster: endpointslices.discovery.k8s.io = get list watch
//	variable: Deployment istiod discovery: PILOT_TRACE_SAMPLING = "1"
//	feature: ISTIO_WATCH_NAMESPACE = ""
//
// known.txt holds the facts that somebody has looked at, one a line. Of a new
// version, every fact that is not there is one line of a checklist:
//
//   - [ ] feature: ISTIO_WATCH_NAMESPACE = "": If set, limits istiod to one namespace.
//
// Nothing of Istio's own text is kept: the description behind a line is only
// printed.
package checklist
