// Package check says where the tenants of a snapshot are not kept apart:
//
//	overlays/hr/tenant.yaml:14: error: namespace ns-1 is of tenants hr and sales: must be one's [shared-namespace]
//	overlays/hr/web.yaml:3: warning: NetworkPolicy ns-2/allow-web lets in everybody [public-network]
//
// A rule is one value of the table [Rules]: to add one is to write a function that finds
// something, and its line in the table.
package check
