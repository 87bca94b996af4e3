// Package verify asks a live cluster whether its tenants are what their overlays say, and
// writes nothing:
//
//	sales: 121 questions answered as they must be, 32 objects as rendered, Deployment istio-system1/istiod-sales ready, certificates until 2036-11-27
//	error: hr: RoleBinding ns-2/access-all-ns-2: subjects[0].name: found "eve": must be "hr-admin" [drift]
//
// What is asked is in tables: [questions] about rights, [reads] of what package check
// judges, [plugins] of the network, [byControllers] of fields that nobody renders.
package verify
