package v1alpha1

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const head = `apiVersion: istio-tenancy.dev/v1alpha1
kind: IstioTenant
metadata:
  name: sales
`

const admin = `  admins:
  - kind: User
    name: sales-admin
`

func TestDecodeTenantDefaults(t *testing.T) {
	got, err := DecodeTenant([]byte(head + "spec:\n" + admin))
	require.NoError(t, err)
	create := true
	require.Equal(t, IstioTenant{
		APIVersion: APIVersion,
		Kind:       KindTenant,
		Metadata:   Metadata{Name: "sales"},
		Spec: TenantSpec{
			Mesh: MeshDedicated,
			ControlPlane: ControlPlane{
				Namespace: "istio-sales", Revision: "sales", TrustDomain: "sales.mesh", AdminAccess: AdminAccessOperate,
			},
			ApplicationNamespaces: []string{"sales"},
			Discovery:             DiscoveryAuto,
			Admins:                []Subject{{Kind: "User", Name: "sales-admin"}},
			Network:               Network{Policy: NetworkIsolated, WithinTenant: WithinTenantAllow, Floor: new(bool)},
			MTLS:                  MTLSStrict,
			Suspended:             new(bool),
			CreateNamespaces:      &create,
		},
	}, got)
	require.Equal(t, []string{"istio-sales", "sales"}, got.Namespaces())
}

func TestDecodeTenantFull(t *testing.T) {
	got, err := DecodeTenant([]byte(head + `  annotations:
    config.kubernetes.io/function: |
      exec:
        path: istio-tenancy
  labels: {team: sales}
spec:
  controlPlane:
    namespace: istio-system1
    revision: blue
    trustDomain: sales.example.com
    adminAccess: full
  applicationNamespaces: [ns-1, ns-2]
  discovery: selectors
  admins:
  - {kind: Group, name: "Sales Administrators"}
  - {kind: ServiceAccount, name: deployer, namespace: ci}
  viewers:
  - {kind: User, name: "jane@example.com"}
  network:
    allowFrom: [kube-system, monitoring]
  mtls: PERMISSIVE
  quota: {pods: 50, cpu: 0.5, requests.memory: 8Gi, count/deployments.apps: "9", hugepages-2Mi: 1e3}
  namespaceLabels:
    pod-security.kubernetes.io/enforce: baseline
    since: 2024-01-01
  createNamespaces: true
  allowed: {registries: [docker.io/istio, "a.example:5000"], storageClasses: []}
  nodeSelector: {pool: sales}
  limitRange: [{type: Container, default: {cpu: 0.5, memory: 1Gi}, max: {cpu: 2}}]
  suspended: true
`))
	require.NoError(t, err)
	require.Equal(t, "blue", got.Spec.ControlPlane.Revision)
	require.Equal(t, map[string]string{
		"pods": "50", "cpu": "0.5", "requests.memory": "8Gi", "count/deployments.apps": "9", "hugepages-2Mi": "1000",
	}, got.Spec.Quota)
	require.Equal(t, "2024-01-01", got.Spec.NamespaceLabels["since"])
	require.True(t, *got.Spec.CreateNamespaces)
	require.Equal(t, Allowed{Registries: []string{"docker.io/istio", "a.example:5000"}, StorageClasses: []string{}}, got.Spec.Allowed)
	require.Equal(t, map[string]string{"pool": "sales"}, got.Spec.NodeSelector)
	require.Equal(t, []Limit{{Type: "Container", Default: map[string]string{"cpu": "0.5", "memory": "1Gi"}, Max: map[string]string{"cpu": "2"}}}, got.Spec.LimitRange)
	require.True(t, *got.Spec.Suspended)
	text, err := json.Marshal(got)
	require.NoError(t, err)
	require.Contains(t, string(text), `"allowed":{"registries":["docker.io/istio","a.example:5000"],"storageClasses":[]}`, "a list that is empty is no list that is left out")
}

func TestDecodeTenantErrors(t *testing.T) {
	for name, c := range map[string]struct{ input, want string }{
		"empty":            {"", "IstioTenant: is empty: must be a YAML document with apiVersion, kind, metadata and spec"},
		"only comment":     {"# nothing\n", "IstioTenant: is empty: must be a YAML document with apiVersion, kind, metadata and spec"},
		"not UTF-8":        {"kind: \xff\n", "IstioTenant: is not UTF-8 at byte 6: save the file as UTF-8"},
		"truncated":        {head + "spec: {admins: [", "IstioTenant: is no valid YAML: line 5: did not find expected node content"},
		"list":             {"- a\n", `IstioTenant: ["a"] is a list: must be a mapping`},
		"text":             {"sales\n", `IstioTenant: "sales" is a string: must be a mapping`},
		"two documents":    {head + "spec:\n" + admin + "---\n" + head, "IstioTenant: holds several YAML documents: must be one"},
		"broken second":    {head + "spec:\n" + admin + "---\n[", "IstioTenant: is no valid YAML: line 10: did not find expected node content"},
		"duplicate key":    {head + "spec:\n" + admin + "  mtls: none\n  mtls: STRICT\n", "IstioTenant sales: spec.mtls: is given twice, again in line 10: give it once"},
		"custom tag":       {head + "spec:\n" + admin + "  mtls: !x none\n", "IstioTenant sales: spec.mtls: has the YAML tag !x: must be a plain value"},
		"no number":        {head + "spec:\n" + admin + "  quota: {cpu: .inf}\n", "IstioTenant sales: spec.quota.cpu: is no number that JSON knows: .inf"},
		"key is no string": {head + "spec:\n" + admin + "  ? [a]\n  : b\n", "IstioTenant sales: spec: has a key that is no string in line 9: keys are plain names"},
		"alias": {head + "spec:\n  admins: &a\n  - {kind: User, name: jo}\n  viewers: *a\n",
			"IstioTenant sales: spec.viewers: is a YAML alias (*a): write the value itself"},
		"alias in itself": {head + "spec: &s\n" + admin + "  network: *s\n",
			"IstioTenant sales: spec.network: is a YAML alias (*s): write the value itself"},
		"merge": {"x: &x {a: b}\n" + head + "spec:\n" + admin + "  <<: *x\n",
			"IstioTenant sales: spec: has a key that is no string in line 10: keys are plain names\n" +
				`IstioTenant sales: x: unknown field: known here are apiVersion, kind, metadata, spec`},

		"other kind":    {strings.Replace(head, "Tenant", "Release", 1) + "spec:\n" + admin, `IstioTenant sales: kind: "IstioRelease" is not allowed: must be IstioTenant`},
		"other version": {strings.Replace(head, "v1alpha1", "v1", 1) + "spec:\n" + admin, `IstioTenant sales: apiVersion: "istio-tenancy.dev/v1" is not allowed: must be istio-tenancy.dev/v1alpha1`},
		"no spec":       {head, "IstioTenant sales: spec: is missing: The tenant; only admins is required."},
		"empty spec":    {head + "spec:\n", "IstioTenant sales: spec: has no value: must be a mapping"},
		"no name":       {strings.Replace(head, "name: sales", "labels: {}", 1) + "spec:\n" + admin, "IstioTenant: metadata.name: is missing: The tenant's name, a DNS label of at most 40 characters, because it becomes part of other names."},
		"metadata":      {head + "  namespace: x\nspec:\n" + admin, "IstioTenant sales: metadata.namespace: unknown field: known here are annotations, labels, name"},
		"name":          {strings.Replace(head, "sales", "Sales_1", 1) + "spec:\n" + admin, `IstioTenant Sales_1: metadata.name: "Sales_1" is not allowed: must be a DNS label: lower-case letters, digits and "-", at most 40 characters`},
		"long name": {strings.Replace(head, "sales", strings.Repeat("a", 41), 1) + "spec:\n" + admin,
			"IstioTenant " + strings.Repeat("a", 41) + `: metadata.name: "` + strings.Repeat("a", 41) + `" has 41 characters: must be a DNS label: lower-case letters, digits and "-", at most 40 characters`},
		"missing at top": {"spec:\n" + admin, "IstioTenant: apiVersion: is missing: must be istio-tenancy.dev/v1alpha1\n" +
			"IstioTenant: kind: is missing: must be IstioTenant\n" +
			"IstioTenant: metadata: is missing: The tenant's name, and the annotation with which kustomize finds the function."},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := DecodeTenant([]byte(c.input))
			require.EqualError(t, err, c.want)
			require.Zero(t, got)
		})
	}
}

func TestDecodeSpecErrors(t *testing.T) {
	for name, c := range map[string]struct{ spec, want string }{
		"unknown field":        {"  discoverry: auto\n", `spec.discoverry: unknown field; did you mean "discovery"?`},
		"unknown, other case":  {"  mTLS: none\n", `spec.mTLS: unknown field; did you mean "mtls"?`},
		"unknown, not near":    {"  network: {x: 1}\n", "spec.network.x: unknown field: known here are allowFrom, floor, policy, withinTenant"},
		"unknown in a list":    {"  viewers:\n  - {kind: User, name: jo, apiGroup: x}\n", "spec.viewers[0].apiGroup: unknown field: known here are kind, name, namespace"},
		"bad enum":             {"  mtls: Strict\n", `spec.mtls: "Strict" is unknown: must be STRICT, PERMISSIVE or none; did you mean "STRICT"?`},
		"enum of another type": {"  mtls: true\n", "spec.mtls: true is a boolean: must be STRICT, PERMISSIVE or none"},
		"list for text":        {"  discovery: [auto]\n", `spec.discovery: ["auto"] is a list: must be a string`},
		"text for list":        {"  applicationNamespaces: ns-1\n", `spec.applicationNamespaces: "ns-1" is a string: must be a list, such as [ns-1]`},
		"text for mappings":    {"  viewers: jo\n", `spec.viewers: "jo" is a string: must be a list, such as [{kind: Group, name: sales-developers}]`},
		"text, no element":     {"  applicationNamespaces: \"a, b\"\n", `spec.applicationNamespaces: "a, b" is a string: must be a list, such as [ns-1]`},
		"text for boolean":     {"  createNamespaces: \"yes\"\n", `spec.createNamespaces: "yes" is a string: must be true or false, without quotes`},
		"number for text":      {"  controlPlane: {revision: 1}\n", "spec.controlPlane.revision: 1 is a number: must be a string in quotes, a DNS label: lower-case letters, digits and \"-\", at most 56 characters"},
		"version for text":     {"  controlPlane: {revision: 1.30}\n", "spec.controlPlane.revision: 1.30 is a number: must be a DNS label: lower-case letters, digits and \"-\", at most 56 characters; did you mean \"1-30\"?"},
		"quota, singular":      {"  quota: {pod: 5}\n", `spec.quota.pod: "pod" is no resource that a ResourceQuota counts; did you mean "pods"?`},
		"null for list":        {"  viewers:\n", "spec.viewers: has no value: must be a list, such as [{kind: Group, name: sales-developers}]"},
		"no namespaces":        {"  applicationNamespaces: []\n", "spec.applicationNamespaces: is empty: must be at least 1"},
		"namespace":            {"  controlPlane: {namespace: istio_system}\n", `spec.controlPlane.namespace: "istio_system" is not allowed: must be a DNS label: lower-case letters, digits and "-", at most 63 characters`},
		"base's namespace":     {"  controlPlane: {namespace: " + BaseNamespace + "}\n", `spec.controlPlane.namespace: "ISTIO_TENANT_NAMESPACE" is not allowed: must be a DNS label: lower-case letters, digits and "-", at most 63 characters`},
		"application":          {"  applicationNamespaces: [ns-1, ns.2]\n", `spec.applicationNamespaces[1]: "ns.2" is not allowed: must be a DNS label: lower-case letters, digits and "-", at most 63 characters`},
		"trust domain":         {"  controlPlane: {trustDomain: \"spiffe://x\"}\n", `spec.controlPlane.trustDomain: "spiffe://x" is not allowed: must be a DNS name such as "sales.mesh": lower-case letters, digits, "-" and ".", at most 253 characters`},
		"subject without name": {"  viewers:\n  - kind: User\n", "spec.viewers[0].name: is missing: The subject's name, as the cluster authenticates it."},
		"subject kind":         {"  viewers:\n  - {kind: user, name: jo}\n", `spec.viewers[0].kind: "user" is unknown: must be User, Group or ServiceAccount; did you mean "User"?`},
		"subject name":         {"  viewers:\n  - {kind: User, name: \" jo\"}\n", `spec.viewers[0].name: " jo" is not allowed: must be a name on one line, without surrounding space`},
		"quantity":             {"  quota: {cpu: 4 cores}\n", `spec.quota.cpu: "4 cores" is not allowed: must be a Kubernetes quantity, such as "4", "500m" or "8Gi"`},
		"negative":             {"  quota: {pods: -1}\n", `spec.quota.pods: -1 is negative: must be a Kubernetes quantity, such as "4", "500m" or "8Gi"`},
		"quota name":           {"  quota: {\"a b\": 1}\n", `spec.quota["a b"]: "a b" is no name: must be a qualified name, such as "team" or "example.com/team"`},
		"label key":            {"  namespaceLabels: {-x: y}\n", `spec.namespaceLabels["-x"]: "-x" is no name: must be a qualified name, such as "team" or "example.com/team"`},
		"label value":          {"  namespaceLabels: {x: \"a b\"}\n", `spec.namespaceLabels.x: "a b" is not allowed: must be a label value: letters, digits, "-", "_" and ".", at most 63 characters`},
		"label of number":      {"  namespaceLabels: {x: 1}\n", "spec.namespaceLabels.x: 1 is a number: must be a string in quotes, a label value: letters, digits, \"-\", \"_\" and \".\", at most 63 characters"},

		"equal namespaces":           {"  controlPlane: {namespace: ns-1}\n  applicationNamespaces: [ns-1]\n", `spec.applicationNamespaces[0]: "ns-1" is the control plane's namespace (spec.controlPlane.namespace): must be another one`},
		"equal to default":           {"  applicationNamespaces: [ns-1, istio-sales]\n", `spec.applicationNamespaces[1]: "istio-sales" is the control plane's namespace (spec.controlPlane.namespace): must be another one`},
		"application twice":          {"  applicationNamespaces: [ns-1, ns-2, ns-1]\n", `spec.applicationNamespaces[2]: "ns-1" is listed twice: list it once`},
		"control plane in kube":      {"  controlPlane: {namespace: kube-system}\n", `spec.controlPlane.namespace: "kube-system" belongs to the cluster: must be a namespace of the tenant's own`},
		"control plane in admin":     {"  controlPlane: {namespace: admin}\n", `spec.controlPlane.namespace: "admin" is the end of names of other objects, such as ClusterRole cluster-admin, and the names of the tenant's own cluster-scoped objects would end in it, too: add a word of the tenant's own, as in istio-sales`},
		"control plane in default":   {"  controlPlane: {namespace: default}\n", `spec.controlPlane.namespace: "default" belongs to the cluster: must be a namespace of the tenant's own`},
		"application in kube":        {"  applicationNamespaces: [kube-public]\n", `spec.applicationNamespaces[0]: "kube-public" belongs to the cluster: must be a namespace of the tenant's own`},
		"application in default":     {"  applicationNamespaces: [default]\n", `spec.applicationNamespaces[0]: "default" belongs to the cluster: must be a namespace of the tenant's own`},
		"part of a pod":              {"  quota: {pods: 1.5}\n", `spec.quota.pods: "1.5" counts objects: must be a whole number`},
		"part of a Deployment":       {"  quota: {count/deployments.apps: 1500m}\n", `spec.quota["count/deployments.apps"]: "1500m" counts objects: must be a whole number`},
		"pod security":               {"  namespaceLabels: {pod-security.kubernetes.io/enforce: privilegd}\n", `spec.namespaceLabels["pod-security.kubernetes.io/enforce"]: "privilegd" is unknown: must be privileged, baseline or restricted; did you mean "privileged"?`},
		"revision default":           {"  controlPlane: {revision: default}\n", `spec.controlPlane.revision: "default" is the name that Istio uses if there is no revision: must be another name`},
		"discovery":                  {"  discovery: namespace\n  applicationNamespaces: [a, b]\n", `spec.discovery: "namespace" watches one application namespace and there are 2: must be proxy, selectors or auto`},
		"account, no namespace":      {"  viewers:\n  - {kind: ServiceAccount, name: jo}\n", "spec.viewers[0].namespace: is missing: ServiceAccount jo is in a namespace"},
		"account, bad name":          {"  viewers:\n  - {kind: ServiceAccount, name: Jo, namespace: ci}\n", `spec.viewers[0].name: "Jo" is no ServiceAccount's name: must be lower-case letters, digits, "-" and "."`},
		"user with namespace":        {"  viewers:\n  - {kind: User, name: jo, namespace: ci}\n", `spec.viewers[0].namespace: "ci" is not expected: only a ServiceAccount has a namespace`},
		"group of all":               {"  viewers:\n  - {kind: Group, name: \"system:authenticated\"}\n", `spec.viewers[0].name: "system:authenticated" is the cluster's own Group, which is not one tenant's: must be a Group of the tenant`},
		"user of the cluster":        {"  viewers:\n  - {kind: User, name: \"system:serviceaccount:ci:jo\"}\n", `spec.viewers[0].name: "system:serviceaccount:ci:jo" is the cluster's own User, which is not one tenant's: must be a User of the tenant; did you mean kind ServiceAccount, namespace "ci", name "jo"?`},
		"subject twice":              {"  viewers:\n  - {kind: User, name: sales-admin}\n", "spec.viewers[0]: User sales-admin is spec.admins[0] already: list it once"},
		"allowFrom own":              {"  network: {allowFrom: [istio-sales]}\n", `spec.network.allowFrom[0]: "istio-sales" is the tenant's own, which may always connect: must be a namespace outside the tenant`},
		"allowFrom twice":            {"  network: {allowFrom: [a, a]}\n", `spec.network.allowFrom[1]: "a" is listed twice: list it once`},
		"deny in an open network":    {"  network: {policy: open, withinTenant: deny}\n", `spec.network.withinTenant: "deny" needs NetworkPolicies, and spec.network.policy is "open": must be allow, or the policy isolated`},
		"a kind without a group":     {"  namespacedKinds: [Widget]\n", `spec.namespacedKinds[0]: "Widget" is not allowed: must be a kind and its group, such as "Database.shop.example"`},
		"quota resource":             {"  quota: {memroy: 1Gi}\n", `spec.quota.memroy: "memroy" is no resource that a ResourceQuota counts; did you mean "memory"?`},
		"a right to rights":          {"  controlPlane: {rights: [{serviceAccount: a, apiGroups: [rbac.authorization.k8s.io], resources: [roles], verbs: [create]}]}\n", `spec.controlPlane.rights[0].apiGroups[0]: "rbac.authorization.k8s.io" lets its holder get all other rights: must be another group`},
		"somebody else's rights":     {"  controlPlane: {rights: [{serviceAccount: a, apiGroups: [\"\"], resources: [serviceaccounts], verbs: [get, impersonate]}]}\n", `spec.controlPlane.rights[0].verbs[1]: "impersonate" lets its holder get the rights of others: must be another verb`},
		"a right to the Namespace":   {"  controlPlane: {rights: [{serviceAccount: a, apiGroups: [\"\"], resources: [namespaces], verbs: [get]}]}\n", `spec.controlPlane.rights[0].resources[0]: "namespaces" is the Namespace itself, which only the cluster administrator may change: must be another resource`},
		"a wildcard right":           {"  controlPlane: {rights: [{serviceAccount: a, apiGroups: [\"\"], resources: [\"*\"], verbs: [get]}]}\n", `spec.controlPlane.rights[0].resources[0]: "*" is not allowed: must be a resource such as "pods" or "pods/log", and no wildcard`},
		"own audience":               {"  controlPlane: {extraTokenAudiences: [sales.istio-tenancy.dev]}\n", `spec.controlPlane.extraTokenAudiences[0]: "sales.istio-tenancy.dev" is the tenant's own, which is always taken: leave it out`},
		"another's audience":         {"  controlPlane: {extraTokenAudiences: [dev.istio-tenancy.dev]}\n", `spec.controlPlane.extraTokenAudiences[0]: "dev.istio-tenancy.dev" is another tenant's: must be an audience outside of istio-tenancy.dev`},
		"the API server's":           {"  controlPlane: {extraTokenAudiences: [\"https://kubernetes.default.svc.cluster.local\"]}\n", `spec.controlPlane.extraTokenAudiences[0]: "https://kubernetes.default.svc.cluster.local" is the API server's, and every Pod of the cluster has a token for it already: must be an audience that nothing else accepts`},
		"its URL with a port":        {"  controlPlane: {extraTokenAudiences: [\"https://Kubernetes.default.svc:443/\"]}\n", `spec.controlPlane.extraTokenAudiences[0]: "https://Kubernetes.default.svc:443/" is the API server's, and every Pod of the cluster has a token for it already: must be an audience that nothing else accepts`},
		"the API server's, by name":  {"  controlPlane: {extraTokenAudiences: [kubernetes.default.svc]}\n", `spec.controlPlane.extraTokenAudiences[0]: "kubernetes.default.svc" is the API server's, and every Pod of the cluster has a token for it already: must be an audience that nothing else accepts`},
		"an audience twice":          {"  controlPlane: {extraTokenAudiences: [istio-ca, istio-ca]}\n", `spec.controlPlane.extraTokenAudiences[1]: "istio-ca" is listed twice: list it once`},
		"no audience":                {"  controlPlane: {extraTokenAudiences: [\"\"]}\n", `spec.controlPlane.extraTokenAudiences[0]: "" is not allowed: must be an audience such as "istio-ca", of at most 253 letters, digits and characters of ._:/@-`},
		"two audiences in one":       {"  controlPlane: {extraTokenAudiences: [\"a,dev.istio-tenancy.dev\"]}\n", `spec.controlPlane.extraTokenAudiences[0]: "a,dev.istio-tenancy.dev" is not allowed: must be an audience such as "istio-ca", of at most 253 letters, digits and characters of ._:/@-`},
		"a variable's audience":      {"  controlPlane: {extraTokenAudiences: [$(X)]}\n", `spec.controlPlane.extraTokenAudiences[0]: "$(X)" is not allowed: must be an audience such as "istio-ca", of at most 253 letters, digits and characters of ._:/@-`},
		"a namespace's audience":     {"  controlPlane: {extraTokenAudiences: [a.$(POD_NAMESPACE)]}\n", `spec.controlPlane.extraTokenAudiences[0]: "a.$(POD_NAMESPACE)" is not allowed: must be an audience such as "istio-ca", of at most 253 letters, digits and characters of ._:/@-`},
		"every audience":             {"  controlPlane: {extraTokenAudiences: ['*']}\n", `spec.controlPlane.extraTokenAudiences[0]: "*" is not allowed: must be an audience such as "istio-ca", of at most 253 letters, digits and characters of ._:/@-`},
		"a space that is not seen":   {"  controlPlane: {extraTokenAudiences: [\"a\\u200b\"]}\n", `spec.controlPlane.extraTokenAudiences[0]: "a` + "\u200b" + `" is not allowed: must be an audience such as "istio-ca", of at most 253 letters, digits and characters of ._:/@-`},
		"an audience with a NUL":     {"  controlPlane: {extraTokenAudiences: [\"a\\u0000\"]}\n", `spec.controlPlane.extraTokenAudiences[0]: "a\u0000" is not allowed: must be an audience such as "istio-ca", of at most 253 letters, digits and characters of ._:/@-`},
		"a long audience":            {"  controlPlane: {extraTokenAudiences: [" + strings.Repeat("a", 254) + "]}\n", `spec.controlPlane.extraTokenAudiences[0]: "` + strings.Repeat("a", 79) + `... is not allowed: must be an audience such as "istio-ca", of at most 253 letters, digits and characters of ._:/@-`},
		"labels of nobody":           {"  namespaceLabels: {x: y}\n  createNamespaces: false\n", "spec.namespaceLabels: need spec.createNamespaces to be true, because they are set on Namespaces that this program makes: label your own Namespaces, and leave this out"},
		"allowed by all":             {"  network: {policy: open, allowFrom: [monitoring]}\n", `spec.network.allowFrom: has no effect where spec.network.policy is "open", with which every namespace may connect: leave it out`},
		"own label":                  {"  namespaceLabels: {istio.io/rev: x}\n", `spec.namespaceLabels["istio.io/rev"]: decides which control plane a namespace belongs to and is set for you: leave it out`},
		"tenant label":               {"  namespaceLabels: {istio-tenancy.dev/tenant: x}\n", `spec.namespaceLabels["istio-tenancy.dev/tenant"]: decides which control plane a namespace belongs to and is set for you: leave it out`},
		"a floor in an open network": {"  network: {policy: open, floor: true}\n", `spec.network.floor: true keeps other namespaces out, and spec.network.policy is "open", with which every namespace may connect: must be false, or the policy isolated`},
		"a registry of no host":      {"  allowed: {registries: [istio/proxyv2]}\n", `spec.allowed.registries[0]: "istio/proxyv2" is not allowed: must be a registry and, after it, the beginning of its images' names, without a tag, such as "registry.example/sales" or "docker.io/istio"`},
		"an image with a tag":        {"  allowed: {registries: [\"docker.io/istio/pilot:1\"]}\n", `spec.allowed.registries[0]: "docker.io/istio/pilot:1" is not allowed: must be a registry and, after it, the beginning of its images' names, without a tag, such as "registry.example/sales" or "docker.io/istio"`},
		"a registry that ends in /":  {"  allowed: {registries: [docker.io/istio/]}\n", `spec.allowed.registries[0]: "docker.io/istio/" is not allowed: must be a registry and, after it, the beginning of its images' names, without a tag, such as "registry.example/sales" or "docker.io/istio"`},
		"two registries in one":      {"  allowed: {registries: [\"a.example,b.example\"]}\n", `spec.allowed.registries[0]: "a.example,b.example" is not allowed: must be a registry and, after it, the beginning of its images' names, without a tag, such as "registry.example/sales" or "docker.io/istio"`},
		"another name of docker.io":  {"  allowed: {registries: [docker.io, index.docker.io/istio]}\n", `spec.allowed.registries[1]: "index.docker.io/istio" is another name of docker.io: must be "docker.io/istio"`},
		"a class twice":              {"  allowed: {storageClasses: [a, b, a]}\n", `spec.allowed.storageClasses[2]: "a" is listed twice: list it once`},
		"a class that is a list":     {"  allowed: {ingressClasses: ['a,b']}\n", `spec.allowed.ingressClasses[0]: "a,b" is not allowed: must be a class's name: lower-case letters, digits, "-" and "."`},
		"an empty class":             {"  allowed: {storageClasses: ['']}\n", `spec.allowed.storageClasses[0]: "" is not allowed: must be a class's name: lower-case letters, digits, "-" and "."`},
		"a list without a value":     {"  allowed: {runtimeClasses: }\n", `spec.allowed.runtimeClasses: has no value: must be a list, such as [gvisor]`},
		"a node's label":             {"  nodeSelector: {pool: 'a,b'}\n", `spec.nodeSelector.pool: "a,b" is not allowed: must be a label value: letters, digits, "-", "_" and ".", at most 63 characters`},
		"a limit of nothing":         {"  limitRange: [{type: Image}]\n", `spec.limitRange[0].type: "Image" is unknown: must be Container, Pod or PersistentVolumeClaim`},
		"a limit twice":              {"  limitRange: [{type: Pod}, {type: Pod}]\n", `spec.limitRange[1].type: "Pod" is listed twice: list it once`},
		"a Pod's default":            {"  limitRange: [{type: Pod, default: {cpu: 1}}]\n", `spec.limitRange[0].default: is for containers: leave it out of the type Pod`},
		"a Pod's default request":    {"  limitRange: [{type: Pod, defaultRequest: {cpu: 1}}]\n", `spec.limitRange[0].defaultRequest: is for containers: leave it out of the type Pod`},
		"a claim's limit":            {"  limitRange: [{type: PersistentVolumeClaim, max: {cpu: 1}}]\n", `spec.limitRange[0]: has neither max.storage nor min.storage: the type PersistentVolumeClaim must have one of them`},
		"a limit's quantity":         {"  limitRange: [{type: Pod, max: {cpu: four}}]\n", `spec.limitRange[0].max.cpu: "four" is not allowed: must be a Kubernetes quantity, such as "4", "500m" or "8Gi"`},
		"suspended, no boolean":      {"  suspended: \"yes\"\n", `spec.suspended: "yes" is a string: must be true or false, without quotes`},
		"a floor that is no boolean": {"  network: {floor: high}\n", `spec.network.floor: "high" is a string: must be true or false, without quotes`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := DecodeTenant([]byte(head + "spec:\n" + admin + c.spec))
			require.EqualError(t, err, "IstioTenant sales: "+c.want)
		})
	}
}

// A Service bank in a namespace hr is what every Pod of the cluster gets for bank.hr.
func TestNamespacesThatCaptureNamesOfHosts(t *testing.T) {
	refusal := func(at, ns, what, better string) string {
		return at + ": \"" + ns + "\" " + what + ": for every Pod of the cluster, the DNS search path makes a Service \"x\" in this namespace the host \"x." + ns +
			"\": must be another name, such as \"" + better + "\", unless the cluster administrator accepts it with spec.acceptDomainNames: [" + ns + "]"
	}
	const internet = "is a top-level domain of the Internet"
	for name, c := range map[string]struct {
		tenant, spec string
		want         []string
	}{
		"application":    {"a", "applicationNamespaces: [ns-1, hr]", []string{refusal("spec.applicationNamespaces[1]", "hr", internet, "hr-apps")}},
		"twice":          {"a", "applicationNamespaces: [hr, hr]", []string{refusal("spec.applicationNamespaces[0]", "hr", internet, "hr-apps"), `spec.applicationNamespaces[1]: "hr" is listed twice: list it once`}},
		"by default":     {"com", "", []string{refusal("spec.applicationNamespaces[0]", "com", internet, "com-apps")}},
		"control plane":  {"a", "controlPlane: {namespace: io}", []string{refusal("spec.controlPlane.namespace", "io", internet, "istio-io")}},
		"other letters":  {"a", "applicationNamespaces: [xn--p1ai]", []string{refusal("spec.applicationNamespaces[0]", "xn--p1ai", internet, "xn--p1ai-apps")}},
		"the cluster's":  {"a", "applicationNamespaces: [svc]", []string{refusal("spec.applicationNamespaces[0]", "svc", "is the last part of host names of the cluster itself", "svc-apps")}},
		"a network's":    {"a", "applicationNamespaces: [corp]", []string{refusal("spec.applicationNamespaces[0]", "corp", "is the last part of host names in many private networks", "corp-apps")}},
		"accepted":       {"hr", "acceptDomainNames: [hr]", nil},
		"both accepted":  {"a", "controlPlane: {namespace: io}\n  applicationNamespaces: [hr]\n  acceptDomainNames: [hr, io]", nil},
		"one accepted":   {"a", "applicationNamespaces: [hr, it]\n  acceptDomainNames: [it]", []string{refusal("spec.applicationNamespaces[0]", "hr", internet, "hr-apps")}},
		"nobody's":       {"a", "acceptDomainNames: [hr]", []string{`spec.acceptDomainNames[0]: "hr" is no namespace of this tenant: must be one of istio-a or a`}},
		"no domain":      {"a", "acceptDomainNames: [a]", []string{`spec.acceptDomainNames[0]: "a" is not known as the last part of host names, and needs no acceptance: leave it out`}},
		"accepted twice": {"hr", "acceptDomainNames: [hr, hr]", []string{`spec.acceptDomainNames[1]: "hr" is listed twice: list it once`}},
		"no name":        {"a", "acceptDomainNames: [.hr]", []string{`spec.acceptDomainNames[0]: ".hr" is not allowed: must be a DNS label: lower-case letters, digits and "-", at most 63 characters`}},
		"other people's": {"a", "network: {allowFrom: [hr, mail]}", nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := DecodeTenant([]byte(strings.Replace(head, "sales", c.tenant, 1) + "spec:\n" + admin + "  " + c.spec + "\n"))
			if c.want == nil {
				require.NoError(t, err)
				return
			}
			require.EqualError(t, err, "IstioTenant "+c.tenant+": "+strings.Join(c.want, "\nIstioTenant "+c.tenant+": "))
		})
	}
}

func TestAdminErrors(t *testing.T) {
	for spec, want := range map[string]string{
		"mtls: none":   "is missing: must list at least one, such as [{kind: User, name: sales-admin}]",
		"admins: []":   "is empty: must be at least 1",
		"admins: null": "has no value: must be a list, such as [{kind: User, name: sales-admin}]",
	} {
		_, err := DecodeTenant([]byte(head + "spec: {" + spec + "}\n"))
		require.EqualError(t, err, "IstioTenant sales: spec.admins: "+want)
	}
	require.ErrorContains(t, IstioTenant{}.Validate(), "spec.admins: is empty")
}

func TestTenantNamedAsAClassOfIstios(t *testing.T) {
	for _, name := range []string{"remote", "waypoint", "east-west"} {
		_, err := DecodeTenant([]byte(strings.Replace(head, "sales", name, 1) + "spec:\n" + admin))
		require.EqualError(t, err, "IstioTenant "+name+`: metadata.name: "`+name+`" makes the GatewayClass istio-`+name+
			", which Istio uses for the whole cluster: must be another name")
	}
}

func TestTenantNamedDefault(t *testing.T) {
	input := strings.Replace(head, "sales", "default", 1) + "spec:\n" + admin
	_, err := DecodeTenant([]byte(input))
	require.EqualError(t, err, `IstioTenant default: metadata.name: "default" becomes the revision, and Istio uses this name if there is no revision: must be another name`)
	_, err = DecodeTenant([]byte(input + "  controlPlane: {revision: blue}\n"))
	require.NoError(t, err)
}

// Mistakes in structure and in meaning are reported together, in the order of the fields.
func TestAllErrorsAtOnce(t *testing.T) {
	data, err := os.ReadFile("testdata/many-errors.yaml")
	require.NoError(t, err)
	want, err := os.ReadFile("testdata/many-errors.txt")
	require.NoError(t, err)
	for range 20 {
		_, err = DecodeTenant(data)
		require.EqualError(t, err, strings.TrimSpace(string(want)))
	}
}

func TestDecodeRelease(t *testing.T) {
	const release = "apiVersion: istio-tenancy.dev/v1alpha1\nkind: IstioRelease\nmetadata: {name: istiod}\n"
	got, err := DecodeRelease([]byte(release + "spec:\n  part: control-plane\n  values: {pilot: {autoscaleMin: 2, x: null}}\n"))
	require.NoError(t, err)
	require.Equal(t, ReleaseSpec{
		Part:   PartControlPlane,
		Values: map[string]any{"pilot": map[string]any{"autoscaleMin": 2.0, "x": nil}},
	}, got.Spec)

	_, err = DecodeRelease([]byte(release + "spec: {part: controlplane, tagg: x, hub: \"docker.io/istio/\", values: []}\n"))
	require.EqualError(t, err, strings.Join([]string{
		`IstioRelease istiod: spec.hub: "docker.io/istio/" is not allowed: must be a registry and path, such as "docker.io/istio"`,
		`IstioRelease istiod: spec.part: "controlplane" is unknown: must be common, control-plane, gateway, applications or shared; did you mean "control-plane"?`,
		`IstioRelease istiod: spec.tagg: unknown field; did you mean "tag"?`,
		`IstioRelease istiod: spec.values: [] is a list: must be a mapping`,
	}, "\n"))
}

func FuzzDecode(f *testing.F) {
	many, err := os.ReadFile("testdata/many-errors.yaml")
	require.NoError(f, err)
	f.Add(many)
	f.Add([]byte(head + "spec:\n" + admin))
	f.Add([]byte("a: &a [*a]\n? {b: c}\n: !!binary x\n--- \n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		tenant, err := DecodeTenant(data)
		if err == nil {
			require.NoError(t, tenant.Validate())
		} else {
			require.NotEmpty(t, err.Error())
			for line := range strings.SplitSeq(err.Error(), "\n") {
				require.True(t, strings.HasPrefix(line, "IstioTenant"), line)
			}
		}
		_, _ = DecodeRelease(data)
	})
}
