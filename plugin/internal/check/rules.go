package check

import "slices"

// Rules are all rules, in the order of the page about them: what is taken twice, who
// can read what, who may do what, what is missing, what was forgotten.
func Rules() []Rule {
	all := rules()
	at := slices.IndexFunc(all, func(r Rule) bool { return r.ID == "open-network" })
	return slices.Insert(all, at, rightRules()...)
}

func rules() []Rule {
	return []Rule{
		{
			ID: "shared-tenant", Severity: Error, find: sharedTenant,
			Line: "Two overlays have tenants of the same name.",
			Why:  "Both render the same objects, and the one that is applied last replaces the other. Usually one overlay is a copy of the other, and its name was not changed.",
			Fix:  "Change metadata.name in the copied tenant.yaml.",
		},
		{
			ID: "shared-namespace", Severity: Error, find: sharedNamespace,
			Line: "Two tenants claim the same namespace.",
			Why:  "The administrators of both have rights in it, both control planes watch it, and its objects belong to both tenants.",
			Fix:  "Give each namespace to one tenant. To let another tenant connect to it, use spec.network.allowFrom.",
		},
		{
			ID: "cluster-namespace", Severity: Error, find: clusterNamespace,
			Line: "A tenant claims a namespace that every cluster has.",
			Why:  "What runs in kube-system has the rights of Kubernetes itself, and the other namespaces are for everybody. What a tenant may do in its own namespaces is not checked.",
			Fix:  "Remove the label istio-tenancy.dev/tenant from the Namespace, or the namespace from the tenant's file. Give the tenant namespaces of its own.",
		},
		{
			ID: "shared-revision", Severity: Error, find: sharedRevision,
			Line: "Two tenants' control planes have the same revision, or the same revision tag.",
			Why:  "A label istio.io/rev then selects both, so that one control plane injects its proxies into Pods of the other tenant, and these Pods join the wrong mesh.",
			Fix:  "Give each control plane a revision of its own: spec.controlPlane.revision, which is the tenant's name unless it is set.",
		},
		{
			ID: "shared-webhook", Severity: Error, find: sharedWebhook,
			Line: "Two tenants have a webhook configuration of the same name.",
			Why:  "The cluster has only one of that name. The tenant that is applied last takes it over, and the other tenant's Pods are injected by the wrong control plane, or not at all.",
			Fix:  "Let the name contain the revision and the control plane's namespace, as Istio's charts do where a revision is set.",
		},
		{
			ID: "shared-object", Severity: Error, find: sharedObject,
			Line: "Two tenants have the same object, such as a ClusterRole of the same name.",
			Why:  "What one tenant applies replaces the object of the other. If one tenant deletes it, both lose it.",
			Fix:  "Give the object of each tenant a name of its own. Objects for the whole cluster belong in the common base.",
		},
		{
			ID: "shared-trust-domain", Severity: Error, find: sharedTrustDomain,
			Line: "Two tenants' meshes have the same trust domain.",
			Why:  "An AuthorizationPolicy distinguishes identities by their names, and identities of the two meshes can have the same name.",
			Fix:  "Set spec.controlPlane.trustDomain, or trustDomain of the mesh's configuration, to a name of the tenant's own.",
		},
		{
			ID: "shared-audience", Severity: Error, find: sharedAudience,
			Line: "Two tenants' control planes accept tokens of the same audience, or it is not known which audience one accepts.",
			Why:  "A Pod of one tenant that can connect to the other's control plane gets a certificate of the other mesh.",
			Fix:  "Set TOKEN_AUDIENCES of istiod to an audience of the tenant's own, as the transformer does, and leave out spec.controlPlane.extraTokenAudiences.",
		},
		{
			ID: "shared-root", Severity: Error, find: sharedRoot,
			Line: "Two tenants' meshes trust the same root certificate, or the same CA.",
			Why:  "Each mesh accepts the certificates of the other, so that mutual TLS does not keep the tenants apart.",
			Fix:  "Give each mesh a root of its own: let istiod make it, or issue one for each tenant.",
		},
		{
			ID: "shared-node-port", Severity: Error, find: sharedNodePort,
			Line: "Two tenants' Services have the same nodePort.",
			Why:  "The API server accepts the first Service and refuses the second. Which one is the first can change.",
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
			Why:  "It reads that tenant's Services and Istio configuration, and this configuration changes its own mesh.",
			Fix:  "Name the tenant's own namespaces only, by kubernetes.io/metadata.name: the Namespace of another tenant can have any other label, too.",
		},
		{
			ID: "foreign-injection", Severity: Error, find: foreignInjection,
			Line: "A tenant's injector changes Pods of another tenant.",
			Why:  "Whoever controls the injector decides what runs in these Pods: it is as if they had the right to create them.",
			Fix:  "Add kubernetes.io/metadata.name In [the tenant's namespaces] to the webhook's namespaceSelector.",
		},
		{
			ID: "foreign-webhook", Severity: Error, find: foreignWebhook,
			Line: "A tenant's webhook is called for objects of another tenant, or of the whole cluster.",
			Why:  "It reads the objects when they are written, and may refuse or change them. A namespaceSelector does not limit kinds without a namespace.",
			Fix:  "Add kubernetes.io/metadata.name In [the tenant's namespaces] to the webhook's namespaceSelector, and scope: Namespaced to its rules.",
		},
		{
			ID: "wide-webhook", Severity: Warning, find: wideWebhook,
			Line: "A tenant's webhook selects namespaces that are no tenant's.",
			Why:  "The tenant's control plane can read and refuse objects of the cluster, and of tenants that are added later.",
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
			Line: "A tenant's object is in a namespace that is not the tenant's, or its overlay contains an object of another tenant or of the whole cluster.",
			Why: "Such an object configures, or runs in, something that belongs to somebody else, and is easily forgotten when the tenant is removed. An object in an overlay belongs to the overlay's tenant, whatever label it has: " +
				"a kustomization over the tenant can add objects that the transformer has not seen. It is a warning if nothing says whether the object's kind has a namespace.",
			Fix: "Move the object to a namespace of the tenant, or the namespace to the tenant's file. If the object is for the whole cluster, let the cluster administrator apply it with the common base.",
		},
		{
			ID: "refused-object", Severity: Error, find: refusedObject,
			Line: "An overlay contains an object that the transformer would refuse or change, or lacks one that it would add.",
			Why: "A kustomization over the tenant has added, changed or deleted the object after the transformer. check runs the transformer again over the overlay's output. The transformer refuses objects that " +
				"add rights to roles of others, bind policies of the whole cluster, take names that others may have, or remove a protection of the tenant. It sets the fields that keep tenants apart, and " +
				"adds the Namespaces, policies and quotas that do so. Own labels and annotations, replicas, images and resources remain as they are, and are no findings.",
			Fix: "Remove the object or the patch, or move it into the tenant's overlay, before the transformer. If the tenant is to have it, write it into the tenant's file. " +
				"If the object is for the whole cluster, let the cluster administrator apply it with the common base.",
		},
		{
			ID: "double-object", Severity: Error, find: doubleObject,
			Line: "A file has two objects of the same kind and name, or two files have such an object with different content.",
			Why: "If both are applied, the API server keeps the last one, so that only the last one is checked. The files may be applied in another order than the one in which they were named here. " +
				"It is an error for RBAC, admission and CustomResourceDefinitions, and a warning for other kinds, or if both objects are equal. What two tenants' overlays contain is a shared-object.",
			Fix: "Remove the one that you do not want.",
		},
		{
			ID: "open-network", Severity: Error, gives: true, find: openNetwork,
			Line: "A NetworkPolicy or a ClusterNetworkPolicy lets in Pods of another tenant.",
			Why:  "NetworkPolicies add up: what one policy allows, no other NetworkPolicy can forbid. A ClusterNetworkPolicy is found if it decides: no rule decides before it, and for the tier Baseline, no NetworkPolicy selects the Pods. A rule of another policy decides before it only with a lower priority value: of policies with the same one, a cluster may apply any.",
			Fix:  "Remove the peer, or list the namespace in spec.network.allowFrom if it should be allowed to connect.",
		},
		{
			ID: "public-network", Severity: Warning, gives: true, find: publicNetwork,
			Line: "A NetworkPolicy or a ClusterNetworkPolicy lets in everybody.",
			Why: "Pods of every other tenant can connect to these Pods. The ports of gateways, and those that the API server calls, are excluded from this rule. " +
				"An ipBlock counts if Pods may have its addresses, and if it is at least as large as the network of a cluster's Pods usually is: /16, or /56 for IPv6. A smaller one counts as machines outside the cluster.",
			Fix: "Name who may connect under from, and the port.",
		},
		{
			ID: "open-identity", Severity: Error, gives: true, find: openIdentity,
			Line: "The AuthorizationPolicy that denies identities of other tenants makes an exception for another tenant.",
			Why:  "The tenant's workloads then accept requests from workloads of the other tenant. Policies that deny add up, so an exception counts only if each of them makes it.",
			Fix:  "Remove the namespace, or list it in spec.network.allowFrom if it should be allowed to connect.",
		},
		{
			ID: "foreign-gateway", Severity: Error, find: foreignGateway,
			Line: "A route is attached to a Gateway of another tenant.",
			Why:  "It gets requests that the other tenant's gateway receives.",
			Fix:  "Name a Gateway of the tenant, or of the mesh that the tenants share.",
		},
		{
			ID: "shared-host", Severity: Error, find: sharedHost,
			Line: "Two tenants claim the same host of a gateway that they share.",
			Why:  "One tenant gets the other's requests and their contents. Istio decides by the age of the objects which tenant that is. A route without hosts claims every host of the listeners that take it.",
			Fix:  "Give each tenant hosts of its own, and let the Gateway state the namespace of each host: hosts: [parcel-web/parcel.example.com].",
		},
		{
			ID: "foreign-export", Severity: Error, find: foreignExport,
			Line: "A Service or Istio configuration is exported to another tenant.",
			Why:  "A VirtualService, DestinationRule or ServiceEntry that is visible in a namespace changes what its proxies do.",
			Fix:  "Let exportTo name the tenant's own namespaces, and that of the gateway. What is about the tenant's own Services may be shown to spec.network.allowFrom, and anything to a tenant that lists this one there.",
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
			Why:  "Most often, the name is left over from a copy. If it has an effect, the object configures something that belongs to somebody else.",
			Fix:  "Name the tenant's own namespace, or list the other in spec.network.allowFrom. For the hosts of a Service or a route, the other tenant must list this one.",
		},
		{
			ID: "base-placeholder", Severity: Error, find: placeholder,
			Line: "An object still has the placeholder for the namespace of a base.",
			Why:  "No tenant was laid over the object, or something was added afterwards. The API server refuses the object, or the placeholder has no effect.",
			Fix:  "In the kustomization that lists the tenant, list under resources what adds the object.",
		},
		{
			ID: "unlaid-tenant", Severity: Error, find: unlaidTenant,
			Line: "A configuration of this program is among the objects.",
			Why:  "The kustomization lists it under resources, so that this program has not read it.",
			Fix:  "List an IstioTenant under transformers, and an IstioRelease under generators.",
		},
		{
			ID: "unlabelled-namespace", Severity: Warning, find: unlabelledNamespace,
			Line: "A tenant's Namespace has no label of its tenant.",
			Why:  "The admission policies select Namespaces by the label: none of them applies to this Namespace.",
			Fix:  "Label it istio-tenancy.dev/tenant: the tenant's name, as the transformer does.",
		},
		{
			ID: "no-pod-security", Severity: Warning, find: noPodSecurity,
			Line: "Nothing keeps a tenant's Pods from privileged access to their nodes.",
			Why:  "A privileged Pod can read every Secret and token on its node, also those of other tenants.",
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
			Line: "A tenant's applications accept plaintext.",
			Why:  "Whoever connects without a certificate has no identity that could be denied.",
			Fix:  "Leave spec.mtls at STRICT, or add a PeerAuthentication with the mode STRICT.",
		},
		{
			ID: "no-identity-deny", Severity: Warning, find: noIdentityDeny,
			Line: "Nothing denies identities of other tenants.",
			Why:  "Mutual TLS proves who connects, but accepts everybody who has a certificate that the mesh trusts.",
			Fix:  "Leave spec.network.policy at isolated, or add an AuthorizationPolicy with the action DENY and notNamespaces: [the tenant's namespaces].",
		},
		{
			ID: "missing-policies", Severity: Warning, find: missingPolicies,
			Line: "Admission policies that keep tenants apart are missing, or differ from bases/tenancy.",
			Why:  "RBAC alone cannot say which Pods, Services and labels a tenant may have. The check was made without the missing policies, and with the policies as they are.",
			Fix:  "Name the common base, too, or apply bases/tenancy of this release.",
		},
		{
			ID: "wrong-accept", Severity: Error,
			Line: "An annotation that accepts findings has no reason, or names no rule.",
			Why:  "Later readers have to understand why the finding was accepted.",
			Fix:  "Write istio-tenancy.dev/accept: \"RULE: REASON\", one per line.",
		},
		{
			ID: "own-accept", Severity: Note,
			Line: "An annotation that a tenant may have written accepts a finding about others, and does not count.",
			Why:  "No overlay contains the object with this annotation, so anybody who may change the object in the cluster may have written the annotation. A subject of a tenant that may do more than read in the object's namespace counts as such, because rights lead to other rights.",
			Fix:  "Accept the finding where a review sees it: in the overlay, or on an object that no tenant may change.",
		},
		{
			ID: "unused-accept", Severity: Note,
			Line: "An annotation accepts a finding that does not exist.",
			Why:  "It would hide the finding if it came back.",
			Fix:  "Remove the line.",
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
