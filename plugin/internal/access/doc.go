// Package access says who may do what: subject by namespace, in a few words, with the
// bindings and the roles behind them.
//
//	RoleBinding ns-1/access-all-ns-1: User sales-admin -> ClusterRole admin
//
//	tenant sales
//	  SUBJECT           NAMESPACES  MAY
//	  User sales-admin  ns-1        admin
//
// A subject has what bindings of the snapshot give to it, and to the groups in which the
// API server puts it. What every cluster gives to everybody is left out.
package access
