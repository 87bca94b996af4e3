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
			Line: "A binding gives everybody, or every ServiceAccount, rights in a tenant's namespaces.",
			Why:  "The group system:authenticated has every user and every ServiceAccount of every tenant, and system:serviceaccounts has every ServiceAccount.",
			Fix:  "Name the users, groups and ServiceAccounts that need the rights.",
		},
		{
			ID: "cluster-binding", Severity: Error, find: clusterBinding,
			Line: "A ClusterRoleBinding gives a subject of a tenant rights in every namespace.",
			Why:  "A rule about namespaced objects applies in the namespaces of all tenants if a ClusterRoleBinding grants it.",
			Fix:  "Use a RoleBinding in each namespace of the tenant.",
		},
		{
			ID: "foreign-right", Severity: Error,
			Line: "A subject of a tenant has, or can get, a right in a namespace of another tenant.",
			Why:  "Each hop of the path is a request that the API server allows, and that no admission policy refuses.",
			Fix:  "Remove the right for one hop. Usually the first one should not exist.",
		},
		{
			ID: outsideRight, Severity: Warning,
			Line: "A subject of a tenant has, or can get, a right in a namespace that is not a tenant's.",
			Why:  "What runs there may have more rights than a tenant, and whoever may run a Pod or request a token there gets these rights.",
			Fix:  "Remove the right for one hop; or, if the right is intended, accept the finding by an annotation of the binding.",
		},
		{
			ID: "cluster-right", Severity: Error,
			Line: "A subject of a tenant has, or can get, a right in the whole cluster that gives access to other tenants.",
			Why:  "Each hop of the path is a request that the API server allows, and that no admission policy refuses.",
			Fix:  "Remove the right for one hop. Replace a ClusterRoleBinding by a RoleBinding in each namespace of the tenant.",
		},
		{
			ID: "node-access", Severity: Error,
			Line: "A subject of a tenant may get control of a node, by a Pod that it creates or changes, or in which it may run a program.",
			Why: "A Pod that mounts the node's file system, or is privileged, has the ServiceAccounts and Secrets of every Pod that runs there. " +
				"A Pod counts as such, whatever user it runs as, if it has a hostPath, except the time zone, and certificates that it only reads; hostPID; a capability that bases/tenancy does not allow; NET_ADMIN or NET_RAW in the node's network; an unmasked /proc; or if it is a Windows HostProcess Pod.",
			Fix: "Deploy the common base, whose policies refuse such Pods, or set the label pod-security.kubernetes.io/enforce of the Namespace to baseline or restricted. Neither removes Pods that exist: delete them.",
		},
		{
			ID: "namespace-labels", Severity: Error,
			Line: "A subject of a tenant may change the labels of the tenant's own Namespace.",
			Why:  "Policies, webhooks, control planes and NetworkPolicies find the tenant of a Namespace by its labels.",
			Fix:  "Grant no right on namespaces in a Role, and none on all resources of the core group by a wildcard.",
		},
		{
			ID: "webhook-change", Severity: Error,
			Line: "A subject of a tenant may change a webhook so that it is called for objects of others.",
			Why:  "A webhook reads what everybody applies, also Secrets, and a mutating webhook can change it.",
			Fix:  "Deploy the common base, whose policies let a control plane write only its certificate into its webhooks.",
		},
		{
			ID: "foreign-mesh", Severity: Error,
			Line: "A program of a tenant gets a certificate of another tenant's mesh.",
			Why:  "With the certificate, the program is a member of that mesh, and gets its configuration.",
			Fix:  "Give each mesh an audience of its own, deploy the common base, whose policy reserves the audience for the tenant, and limit who can connect to istiod.",
		},
		{
			ID: "shared-admin", Severity: Warning, find: sharedAdmin,
			Line: "One user or group administers two tenants.",
			Why:  "The administrator of one tenant can read what the other tenant has, and one stolen password gives access to both.",
			Fix:  "Name different subjects; or, if this is intended, accept the finding by an annotation of the tenant.",
		},
	}
}
