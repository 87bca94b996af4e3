// Package upstream makes the manifests that Istio's own tools make of a version
// of Istio, from that version's Go module:
//
//	istio.yaml                 for namespace istio-system
//	istio-system1.yaml         for namespace istio-system1
//	istio-system1-sales.yaml   for that and revision sales, if there are revisions
//
// Nothing of them is committed; manifests.sum holds their checksums.
package upstream
