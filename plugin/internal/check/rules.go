package check

import "slices"

// Rules are all of them, in the order in which people read of them: what is taken twice,
// who sees whom, who may do what, what is missing, what was forgotten.
func Rules() []Rule {
	all := rules()
	at := slices.IndexFunc(all, func(r Rule) bool { return r.ID == "open-network" })
	return slices.Insert(all, at, rightRules()...)
}

func rules() []Rule {
	return []Rule{
		{
			ID: "shared-tenant", Severity: Error, find: sharedTenant,
			Line: "Two overlays lay a tenant of one name.",
			Why:  "The two render the same objects, and whichever is applied last takes the place of the other. An overlay is made by copying another, and its name was not changed.",
			Fix:  "Change metadata.name in the copied tenant.yaml.",
		},
		{
			ID: "shared-namespace", Severity: Error, find: sharedNamespace,
			Line: "Two tenants claim one namespace.",
			Why:  "The administrators of both have rights in it, both control planes watch it, and what is in it is the one's as much as the other's.",
			Fix:  "Give each namespace to one tenant. To let another tenant connect to it, use spec.network.allowFrom.",
		},
		{
			ID: "cluster-namespace", Severity: Error, find: clusterNamespace,
			Line: "A tenant claims a namespace that every cluster has.",
			Why:  "What runs in kube-system has the rights of Kubernetes itself, and the others are everybody's. What is the tenant's own is not judged.",
			Fix:  "Take the label istio-tenancy.dev/tenant from the Namespace, or the namespace from what names it, and give the tenant namespaces of its own.",
		},
		{
			ID: "shared-revision", Severity: Error, find: sharedRevision,
			Line: "Two tenants' control planes have one revision, or one revision tag.",
			Why:  "A label istio.io/rev then means both, so that the one injects its proxies into the other's Pods, which join the other mesh.",
			Fix:  "Give each control plane a revision of its own: spec.controlPlane.revision, which is the tenant's name unless it is set.",
		},
		{
			ID: "shared-webhook", Severity: Error, find: sharedWebhook,
			Line: "Two tenants have a webhook configuration of one name.",
			Why:  "There is one in the cluster: the last tenant that is applied takes it over, and the other's Pods are injected by a foreign control plane, or not at all.",
			Fix:  "Let the name contain the revision and the control plane's namespace, as Istio's charts do where a revision is set.",
		},
		{
			ID: "shared-object", Severity: Error, find: sharedObject,
			Line: "Two tenants have one object, such as a ClusterRole of one name.",
			Why:  "What the one applies replaces what the other has, and what the one deletes is gone for both.",
			Fix:  "Give the object of each tenant a name of its own. What is the whole cluster's belongs into the common base.",
		},
		{
			ID: "shared-trust-domain", Severity: Error, find: sharedTrustDomain,
			Line: "Two tenants' meshes have one trust domain.",
			Why:  "An AuthorizationPolicy tells identities apart by their names, and those of the two meshes have equal names.",
			Fix:  "Set spec.controlPlane.trustDomain, or trustDomain of the mesh's configuration, to a name of the tenant's own.",
		},
		{
			ID: "shared-audience", Severity: Error, find: sharedAudience,
			Line: "Two tenants' control planes take tokens of one audience.",
			Why:  "A Pod of the one tenant that reaches the other's control plane gets a certificate of its mesh.",
			Fix:  "Set TOKEN_AUDIENCES of istiod to an audience of the tenant's own, as the transformer does, and leave out spec.controlPlane.extraTokenAudiences.",
		},
		{
			ID: "shared-root", Severity: Error, find: sharedRoot,
			Line: "Two tenants' meshes trust one root certificate, or one CA.",
			Why:  "Each mesh takes the certificates of the other for its own, so that mutual TLS keeps nobody out.",
			Fix:  "Give each mesh a root of its own: let istiod make it, or issue one for each tenant.",
		},
		{
			ID: "shared-node-port", Severity: Error, find: sharedNodePort,
			Line: "Two tenants' Services fix one port of the nodes.",
			Why:  "The API server gives a port to the first and refuses the second, and which is the first changes.",
			Fix:  "Leave nodePort out, or give each Service a port of its own.",
		},
		{
			ID: "unlimited-discovery", Severity: Error, find: unlimitedDiscovery,
			Line: "A tenant's control plane watches every namespace.",
			Why:  "It sends the Services, routes and policies of every tenant to its own proxies, and takes configuration from every tenant.",
			Fix:  "Limit it: spec.discovery of the tenant, ISTIO_WATCH_NAMESPACE, or discoverySelectors of the mesh's configuration.",
		},
		{
			ID: "foreign-discovery", Severity: Error, find: foreignDiscovery,
			Line: "A control plane watches a namespace of another tenant.",
			Why:  "It reads that tenant's Services and Istio configuration, and what is configured there changes the own mesh.",
			Fix:  "Name the tenant's own namespaces only, by kubernetes.io/metadata.name: any other label can be on another's Namespace, too.",
		},
		{
			ID: "foreign-injection", Severity: Error, find: foreignInjection,
			Line: "A tenant's injector changes Pods of another tenant.",
			Why:  "Whoever controls the injector decides what runs in these Pods: it is as if they had the right to create them.",
			Fix:  "Add kubernetes.io/metadata.name In [the tenant's namespaces] to the webhook's namespaceSelector.",
		},
		{
			ID: "foreign-webhook", Severity: Error, find: foreignWebhook,
			Line: "A tenant's webhook is asked about objects of another tenant.",
			Why:  "It reads them as they are written, and may refuse or change them.",
			Fix:  "Add kubernetes.io/metadata.name In [the tenant's namespaces] to the webhook's namespaceSelector.",
		},
		{
			ID: "wide-webhook", Severity: Warning, find: wideWebhook,
			Line: "A tenant's webhook selects namespaces that are no tenant's.",
			Why:  "Objects of the cluster, or of tenants to come, are shown to the tenant's control plane, and can be refused by it.",
			Fix:  "Add kubernetes.io/metadata.name In [the tenant's namespaces] to the webhook's namespaceSelector.",
		},
		{
			ID: "foreign-webhook-service", Severity: Error, find: foreignWebhookService,
			Line: "A tenant's webhook calls a Service of another namespace.",
			Why:  "Whoever runs the Service reads, changes and refuses the tenant's objects.",
			Fix:  "Let clientConfig.service name the tenant's own control plane.",
		},
		{
			ID: "foreign-object", Severity: Error, find: foreignObject,
			Line: "A tenant's object is in a namespace that is not the tenant's, or its overlay gives what is the whole cluster's.",
			Why: "It configures, or runs in, what belongs to somebody else, and is overlooked when the tenant is removed. What an overlay gives is the tenant's without a label, too: " +
				"a kustomization over the tenant adds objects that the transformer has not seen.",
			Fix: "Move the object to a namespace of the tenant, or the namespace to the tenant's file. Have the cluster administrator apply it with the common base if it is the whole cluster's.",
		},
		{
			ID: "double-object", Severity: Error, find: doubleObject,
			Line: "A file has two objects of one kind and name, or two files have one with other content.",
			Why: "An API server that is given both keeps the last, so that the last alone is judged. The order in which files are applied may be another than that in which they are named here. " +
				"It is an error of RBAC and of admission, and a warning of other kinds, and where both say the same.",
			Fix: "Take out the one that is not meant.",
		},
		{
			ID: "open-network", Severity: Error, gives: true, find: openNetwork,
			Line: "A NetworkPolicy lets in Pods of another tenant.",
			Why:  "NetworkPolicies add up: one that opens is not closed by any other.",
			Fix:  "Take the peer out, or list the namespace in spec.network.allowFrom, if it shall connect.",
		},
		{
			ID: "public-network", Severity: Warning, gives: true, find: publicNetwork,
			Line: "A NetworkPolicy lets in everybody.",
			Why:  "Pods of every other tenant can connect to these Pods. The ports of gateways, and those that the API server calls, are not meant.",
			Fix:  "Name who may connect under from, and the port.",
		},
		{
			ID: "open-identity", Severity: Error, gives: true, find: openIdentity,
			Line: "The policy that denies foreign identities excepts another tenant.",
			Why:  "Workloads of the other tenant's namespaces are then served as the tenant's own.",
			Fix:  "Take the namespace out, or list it in spec.network.allowFrom, if it shall connect.",
		},
		{
			ID: "foreign-gateway", Severity: Error, find: foreignGateway,
			Line: "A route attaches itself to a Gateway of another tenant.",
			Why:  "It claims requests that the other tenant's gateway takes in.",
			Fix:  "Name a Gateway of the tenant, or of the mesh that the tenants share.",
		},
		{
			ID: "shared-host", Severity: Error, find: sharedHost,
			Line: "Two tenants claim one host of a gateway that they share.",
			Why:  "The one gets the other's requests, with what is in them. Which of the two, Istio decides by their age.",
			Fix:  "Give each tenant hosts of its own, and let the Gateway say which namespace has which: hosts: [parcel-web/parcel.example.com].",
		},
		{
			ID: "foreign-export", Severity: Error, find: foreignExport,
			Line: "A Service or Istio configuration is exported to another tenant.",
			Why:  "A VirtualService, DestinationRule or ServiceEntry that is visible in a namespace changes what its proxies do.",
			Fix:  "Let exportTo name the tenant's own namespaces, and that of the gateway.",
		},
		{
			ID: "wide-export", Severity: Warning, find: wideExport,
			Line: "In a mesh that tenants share, configuration is exported to all of them.",
			Why:  "Every proxy of the mesh gets it, and it may change what another tenant's proxies do.",
			Fix:  "Set exportTo, and the mesh's defaultServiceExportTo and the like to [\".\"].",
		},
		{
			ID: "foreign-name", Severity: Warning, find: foreignName,
			Line: "A tenant's object names a namespace of another tenant.",
			Why:  "Most often it is left over from a copy. Where it means something, it is configuration about what belongs to somebody else.",
			Fix:  "Name the tenant's own namespace, or list the other in spec.network.allowFrom.",
		},
		{
			ID: "base-placeholder", Severity: Error, find: placeholder,
			Line: "The placeholder of a base's namespace is left somewhere.",
			Why:  "No tenant was laid over the object, or something was added after it was. The API server refuses it, or it means nothing.",
			Fix:  "List what adds it in the kustomization that lists the tenant, under resources.",
		},
		{
			ID: "unlaid-tenant", Severity: Error, find: unlaidTenant,
			Line: "A configuration of this program stands among the objects.",
			Why:  "The kustomization lists it under resources, so that nothing has read it.",
			Fix:  "List an IstioTenant under transformers, and an IstioRelease under generators.",
		},
		{
			ID: "unlabelled-namespace", Severity: Warning, find: unlabelledNamespace,
			Line: "A tenant's Namespace has no label of its tenant.",
			Why:  "The admission policies select Namespaces by the label: none of them holds in this one.",
			Fix:  "Label it istio-tenancy.dev/tenant: the tenant's name, as the transformer does.",
		},
		{
			ID: "no-pod-security", Severity: Warning, find: noPodSecurity,
			Line: "Nothing keeps a tenant's Pods away from their nodes.",
			Why:  "A privileged Pod reads every Secret and token of its node, whoever's they are.",
			Fix:  "Apply bases/tenancy, or set pod-security.kubernetes.io/enforce in spec.namespaceLabels to baseline or restricted.",
		},
		{
			ID: "no-network-policy", Severity: Warning, find: noNetworkPolicy,
			Line: "No NetworkPolicy closes a tenant's namespace.",
			Why:  "Pods of every other tenant can connect to its Pods.",
			Fix:  "Leave spec.network.policy at isolated, or add a NetworkPolicy that selects all Pods.",
		},
		{
			ID: "no-mtls", Severity: Warning, find: noMTLS,
			Line: "A tenant's applications take plaintext.",
			Why:  "Whoever connects without a certificate has no identity that could be denied.",
			Fix:  "Leave spec.mtls at STRICT, or add a PeerAuthentication with the mode STRICT.",
		},
		{
			ID: "no-identity-deny", Severity: Warning, find: noIdentityDeny,
			Line: "Nothing denies identities of other tenants.",
			Why:  "Mutual TLS says who connects, and lets in whoever has a certificate that the mesh trusts.",
			Fix:  "Leave spec.network.policy at isolated, or add an AuthorizationPolicy with the action DENY and notNamespaces: [the tenant's namespaces].",
		},
		{
			ID: "missing-policies", Severity: Warning, find: missingPolicies,
			Line: "Admission policies that keep tenants apart are not there, or are other than in bases/tenancy.",
			Why:  "RBAC alone cannot say which Pods, Services and labels a tenant may have. What was checked was checked without them, or with those that are there.",
			Fix:  "Name the common base, too, or apply bases/tenancy of this release.",
		},
		{
			ID: "wrong-accept", Severity: Error,
			Line: "An annotation that accepts findings has no reason, or names no rule.",
			Why:  "What is accepted has to be understood by whoever reads it next year.",
			Fix:  "Write istio-tenancy.dev/accept: \"RULE: REASON\", one a line.",
		},
		{
			ID: "own-accept", Severity: Note,
			Line: "An annotation that a tenant may write accepts what is about others, and does not count.",
			Why:  "Where no overlay was read, whoever may change the object in the cluster may have written it.",
			Fix:  "Accept the finding where a review sees it: in the overlay, or on an object that the tenant may not change.",
		},
		{
			ID: "unused-accept", Severity: Note,
			Line: "An annotation accepts what is not found.",
			Why:  "It would hide the finding if it came back.",
			Fix:  "Take the line out.",
		},
	}
}

// RuleOf returns a rule.
func RuleOf(id string) (Rule, bool) {
	for _, r := range Rules() {
		if r.ID == id {
			return r, true
		}
	}
	return Rule{}, false
}
