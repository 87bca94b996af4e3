// Package revisions separates the objects of a build that has several control planes
// of one tenant, and joins what the chain makes of each: an old control plane and its
// successor, which run side by side while namespaces move from one to the other.
//
//	resources:                                    controlPlane:
//	- ../../bases/istio-1.30/control-plane          revisions:
//	- ../../bases/istio-1.31/control-plane          - name: 1-30
//	                                                - name: 1-31
//
// A base that states a revision has a placeholder of its own for the namespace, such as
// ISTIO_TENANT_NAMESPACE_1-31, which distinguishes its objects from those of other bases.
// The chain gets one control plane at a time. The first run has all objects of the
// overlay. Each further run has a further control plane and the applications, and adds to
// the output only objects that the first run did not have. Objects that belong to one
// control plane have the label istio-tenancy.dev/revision.
package revisions
