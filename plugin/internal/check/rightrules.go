package check

// rightRules are those about who may do what.
func rightRules() []Rule {
	return []Rule{
		{
			ID: "foreign-subject", Severity: Error, gives: true, find: foreignSubject,
			Line: "A tenant's RoleBinding gives a ServiceAccount of another tenant rights.",
			Why:  "Whoever may create Pods in the other tenant's namespace has these rights.",
			Fix:  "Bind the tenant's own ServiceAccounts.",
		},
		{
			ID: "broad-binding", Severity: Error, gives: true, find: broadBinding,
			Line: "A binding gives everybody, or every program, rights in a tenant's namespaces.",
			Why:  "system:authenticated has every user and every ServiceAccount of every tenant, and system:serviceaccounts all of the latter.",
			Fix:  "Name the users, groups and ServiceAccounts that are meant.",
		},
		{
			ID: "cluster-binding", Severity: Error, find: clusterBinding,
			Line: "A ClusterRoleBinding gives somebody of a tenant rights in every namespace.",
			Why:  "A rule about objects that are in namespaces holds in those of all tenants if a ClusterRoleBinding grants it.",
			Fix:  "Use a RoleBinding in each namespace of the tenant.",
		},
		{
			ID: "foreign-right", Severity: Error,
			Line: "Somebody of a tenant has, or comes to, a right in a namespace of another tenant.",
			Why:  "Each hop of the way is a request that the API server allows, and that no admission policy refuses.",
			Fix:  "Take away the right of one hop. The first is mostly the one that should not be there.",
		},
		{
			ID: outsideRight, Severity: Warning,
			Line: "Somebody of a tenant has, or comes to, a right in a namespace that is no tenant's.",
			Why:  "What runs there may have more rights than a tenant, and whoever may run a Pod or ask for a token there has them.",
			Fix:  "Take away the right of one hop; or, if it is meant, accept it by an annotation of the binding.",
		},
		{
			ID: "cluster-right", Severity: Error,
			Line: "Somebody of a tenant has, or comes to, a right in the whole cluster by which other tenants are reached.",
			Why:  "Each hop of the way is a request that the API server allows, and that no admission policy refuses.",
			Fix:  "Take away the right of one hop. A RoleBinding in each namespace of the tenant takes the place of a ClusterRoleBinding.",
		},
		{
			ID: "node-access", Severity: Error,
			Line: "Somebody of a tenant may make a Pod that holds its node.",
			Why:  "A Pod that mounts the node's file system, or is privileged, has the ServiceAccounts and Secrets of every Pod that runs there.",
			Fix:  "Deploy the common base, whose policies refuse such Pods, or set the label pod-security.kubernetes.io/enforce of the Namespace to baseline or restricted.",
		},
		{
			ID: "namespace-labels", Severity: Error,
			Line: "Somebody of a tenant may change the labels of the tenant's own Namespace.",
			Why:  "Policies, webhooks, control planes and NetworkPolicies tell by the labels of a Namespace whose it is.",
			Fix:  "Grant no right on namespaces in a Role, and none on all resources of the core group by a wildcard.",
		},
		{
			ID: "webhook-change", Severity: Error,
			Line: "Somebody of a tenant may have a webhook asked about the objects of others.",
			Why:  "A webhook sees what everybody applies, Secrets included, and a mutating one changes it.",
			Fix:  "Deploy the common base, whose policies let a control plane write nothing but its certificate into its webhooks.",
		},
		{
			ID: "foreign-mesh", Severity: Error,
			Line: "A program of a tenant gets a certificate of another tenant's mesh.",
			Why:  "With it, and the configuration that comes with it, it is a member of that mesh.",
			Fix:  "Give each mesh an audience of its own, deploy the common base, whose policy keeps it for the tenant, and close the network around istiod.",
		},
		{
			ID: "shared-admin", Severity: Warning, find: sharedAdmin,
			Line: "One user or group administers two tenants.",
			Why:  "What is known of the one tenant is known to the administrator of the other, and one stolen password opens both.",
			Fix:  "Name different subjects; or, if it is meant, say so by an annotation of the tenant.",
		},
	}
}
