// Package revisions takes the objects of a build that has several control planes of
// one tenant apart, and puts together what the chain makes of each: an old one and
// its successor, side by side while namespaces move from one to the other.
//
//	resources:                                    controlPlane:
//	- ../../bases/istio-1.30/control-plane          revisions:
//	- ../../bases/istio-1.31/control-plane          - name: 1-30
//	                                                - name: 1-31
//
// A base that states a revision has a namespace of its own, as
// ISTIO_TENANT_NAMESPACE_1-31, by which its objects are told from those of others.
// The chain sees one control plane at a time. The first is laid with everything that the
// overlay brings. Each other is laid with the applications, and of what is made of it,
// that is printed which the first has not. The label istio-tenancy.dev/revision is on what goes with one.
package revisions
