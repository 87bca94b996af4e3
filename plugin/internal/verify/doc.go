// Package verify asks a live cluster whether its tenants are what their overlays say, and
// writes nothing:
//
//	error: hr: Namespace ns-2: metadata.labels[istio.io/rev]: found "dev": must be "hr" [drift]
//	hr: 192 questions answered, 33 objects compared, Deployment istio-system2/istiod-hr ready, certificates until 2036-11-27, 1 error
//	sales: 164 questions answered, 32 objects compared, Deployment istio-system1/istiod-sales ready, certificates until 2036-11-27, no errors
//
// What is asked is in tables: [questions] about rights, [reads] of what package check
// judges, [plugins] of the network, [byControllers] of fields that nobody renders.
package verify
