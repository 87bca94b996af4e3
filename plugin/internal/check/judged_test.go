package check_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/check"
)

// judged are changes where it counts how bad a finding is, or that there is none of a rule.
var judged = map[string]struct {
	change     change
	rule, says string
	severity   check.Severity // 0: there is no such finding
}{
	// What a shared control plane reaches is what it is for in the namespaces of its mesh alone.
	"a shared control plane in a namespace of its mesh":       {all(hosts, joined, with("common", roleBinding("team", "extra", istiodOfSales, "view"))), "foreign-right", "in team", check.Note},
	"a shared control plane in a namespace of another tenant": {all(hosts, joined, with("dev", roleBinding("ns-0", "extra", istiodOfSales, "view"))), "foreign-subject", "ns-0/extra", check.Error},
	"a shared control plane in the whole cluster":             {all(hosts, joined, with("common", clusterRight("ServiceAccount", "istiod-sales", "", "nodes/proxy", "get"))), "cluster-right", "nodes/proxy", check.Error},
	"a control plane that others say is shared":               {all(joined, with("common", roleBinding("team", "extra", istiodOfSales, "view"))), "foreign-subject", "team/extra", check.Error},
	"a member of a mesh that is not shared":                   {all(mutants["foreign-mesh"][1], meshLabel("sales", "ns-1", "dev")), "foreign-mesh", "the mesh of dev", check.Error},
	// Of tenants that are in a third one's mesh, neither has the other's control plane.
	"the own injector for a tenant in the same mesh":      {all(bothJoin, with("sales", webhookOf("more", "sales", "istio-system1", "a: b"))), "foreign-injection", "selects ns-0", check.Error},
	"the own discovery of a tenant in the same mesh":      {all(bothJoin, mutants["foreign-discovery"][0]), "foreign-discovery", "watches ns-0", check.Error},
	"a gateway of a tenant in the same mesh":              {all(bothJoin, gateway("dev", "ns-0", "a.example.com"), route("sales", "ns-1", "ns-0/web", "b.example.com")), "foreign-gateway", "ns-0/web", check.Error},
	"the injector of a shared control plane for a member": {all(shareMesh, with("sales", webhookOf("more", "sales", "istio-system1", "a: b"))), "foreign-injection", "", 0},
	"the gateway of a shared control plane for a member":  {all(shareMesh, gateway("sales", "ns-1", "a.example.com"), route("dev", "ns-0", "ns-1/web", "a.example.com")), "foreign-gateway", "", 0},
	// Whoever lets others in shows them what is its own, and decides nothing about what is theirs.
	"an export of another's name to whoever is let in":    {all(letsIn, export("bank.team.svc.cluster.local")), "foreign-export", "is exported to team", check.Error},
	"another's name by whoever lets it in":                {all(letsIn, export("bank.team.svc.cluster.local")), "foreign-name", "names team", check.Warning},
	"an export of a host outside to whoever is let in":    {all(letsIn, export("api.example.com")), "foreign-export", "is exported to team", check.Error},
	"an export of every host to whoever is let in":        {all(letsIn, export("'*'")), "foreign-export", "is exported to team", check.Error},
	"an export of an own name to whoever is let in":       {all(letsIn, export("web.ns-0.svc.cluster.local")), "foreign-export", "asked for: Namespace ns-0", check.Note},
	"an export of an own short name to whoever is let in": {all(letsIn, export("web")), "foreign-export", "asked for: Namespace ns-0", check.Note},
	"an export to whoever asks for it":                    {all(joined, replace("common", "{name: team, ", "{name: team, annotations: {istio-tenancy.dev/allow-from: ns-0}, "), export("api.example.com")), "foreign-export", "asked for: Namespace team", check.Note},
	// Who accepts a binding has not accepted whoever becomes those whom it names.
	"a program that becomes whoever is accepted": {all(with("common", strings.Replace(clusterRight("ServiceAccount", "istiod-sales", "", "secrets", "get, list"), "kind: ClusterRoleBinding\nmetadata: {",
		"kind: ClusterRoleBinding\nmetadata: {annotations: {istio-tenancy.dev/accept: 'cluster-binding: for gateways'}, ", 1)),
		with("sales", may("istio-system1", "ServiceAccount", "ci, namespace: istio-system1", "", "serviceaccounts/token", "create"))), "cluster-right", "ServiceAccount istio-system1/ci of tenant sales: becomes ServiceAccount istio-system1/istiod-sales", check.Error},
	// A binding that is called as a tenant's file would call it, where nobody has read the file.
	"another's administrator in a binding that is called as a file's": {all(without("dev", "RoleBinding", "access-all-ns-0"), with("dev", labelled(roleBinding("ns-0", "access-all-ns-0", "{kind: User, name: dev-admin}, "+salesAdmin, "admin"), "access-all-ns-0", "dev"))), "foreign-right", "User sales-admin of tenant sales", check.Error},
	"another's administrator as a viewer":                             {with("dev", labelled(roleBinding("ns-0", "view-all-ns-0", salesAdmin, "view"), "view-all-ns-0", "dev")), "foreign-right", "User sales-admin of tenant sales", check.Error},
	// Each mesh has its own network: that the first one's is closed says nothing of the next.
	"a third tenant's open control plane": {all(third, without("common", "ValidatingAdmissionPolicy", "istio-tenancy-tokens"),
		with("zeta", policy("istio-zeta", "{}", "[{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ns-1}}}]}]"))), "foreign-mesh", "the mesh of zeta", check.Error},
	"a third tenant's closed control plane": {all(third, without("common", "ValidatingAdmissionPolicy", "istio-tenancy-tokens")), "foreign-mesh", "", 0},
	// Whoever makes an object writes its annotations.
	"what is accepted by whoever may make it":                   {all(with("sales", may("ns-1", "User", "sales-admin", "gateway.networking.k8s.io", "httproutes", "get, create, delete")), with("sales", acceptedRoute)), "own-accept", "", check.Note},
	"a finding that is accepted by whoever may make the object": {all(with("sales", may("ns-1", "User", "sales-admin", "gateway.networking.k8s.io", "httproutes", "get, create, delete")), with("sales", acceptedRoute)), "foreign-gateway", "ns-0/web", check.Error},
	// Istio takes a * at the beginning or at the end for anything.
	"a policy that excepts a prefix of namespaces":  {excepting("        - ns-*\n"), "open-identity", "lets in ns-0 of tenant dev", check.Error},
	"a policy that excepts a suffix of namespaces":  {excepting("        - '*-0'\n"), "open-identity", "lets in ns-0 of tenant dev", check.Error},
	"a policy that excepts a prefix of the own":     {excepting("        - ns-1*\n"), "open-identity", "", 0},
	"a policy that excepts a prefix of principals":  {exceptingPrincipal("dev.mesh/ns/ns-*"), "open-identity", "lets in ns-0 of tenant dev", check.Error},
	"a policy that excepts a suffix of principals":  {exceptingPrincipal("'*-0/sa/web'"), "open-identity", "lets in ns-0 of tenant dev", check.Error},
	"a policy that excepts a suffix of everybody's": {exceptingPrincipal("'*/sa/web'"), "open-identity", "denies nobody", check.Error},
	"a policy that excepts every principal":         {exceptingPrincipal("'*'"), "open-identity", "denies nobody", check.Error},
	"a policy that excepts a mesh":                  {exceptingPrincipal("dev.mesh*"), "open-identity", "denies nobody", check.Error},
	// A ClusterNetworkPolicy counts as far as no other rule decides first.
	"a policy of the cluster before all others":       {acceptSales("Admin"), "open-network", "lets in ns-1 of tenant sales", check.Error},
	"a policy of the cluster after one that denies":   {all(acceptSales("Admin"), firstOf("Deny")), "open-network", "", 0},
	"a policy of the cluster after one that passes":   {all(acceptSales("Admin"), firstOf("Pass")), "open-network", "", 0},
	"a policy of the cluster for what nothing closes": {all(acceptSales("Baseline"), without("dev", "NetworkPolicy", "ns-0/allow-tenant")), "open-network", "lets in ns-1 of tenant sales", check.Error},
	"a policy of the cluster for what is closed":      {acceptSales("Baseline"), "open-network", "", 0},
	"a policy of the cluster for whoever is let in": {all(letsIn, with("common", clusterPolicy("Admin", 10, "ns-0", "{action: Accept, from: [{namespaces: {matchLabels: {kubernetes.io/metadata.name: team}}}]}"))),
		"open-network", "asked for: Namespace ns-0", check.Note},
	"a policy of the cluster beside one that denies, with the same priority":   {all(acceptSales("Admin"), firstOf("Deny"), replace("common", "{name: admin-5}\nspec: {tier: Admin, priority: 5,", "{name: a-deny}\nspec: {tier: Admin, priority: 10,")), "open-network", "lets in ns-1 of tenant sales", check.Error},
	"a policy of the cluster about a namespace that others make":               {all(acceptSales("Admin"), othersMake), "open-network", "lets in ns-1 of tenant sales", check.Error},
	"a policy of the cluster about tenants whose namespaces others make":       {all(othersMake, with("common", strings.ReplaceAll(clusterPolicy("Admin", 10, "dev", "{action: Accept, from: [{namespaces: {matchLabels: {istio-tenancy.dev/tenant: sales}}}]}"), "kubernetes.io/metadata.name", "istio-tenancy.dev/tenant"))), "open-network", "in namespace ns-0 of tenant dev: lets in", check.Error},
	"a policy of the cluster for everybody, after one that denies all tenants": {all(fromAll, firstOf("Deny")), "public-network", "lets in every namespace", check.Warning},
	"a policy of the cluster for everybody, after one that denies all others":  {all(fromAll, with("common", clusterPolicy("Admin", 5, "ns-0", "{action: Deny, from: [{namespaces: {matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [ns-1]}]}}]}"))), "open-network", "lets in ns-1 of tenant sales", check.Error},
	"a policy of the cluster for everybody, after one that denies everybody":   {all(fromAll, with("common", clusterPolicy("Admin", 5, "ns-0", "{action: Deny, from: [{namespaces: {}}]}"))), "public-network", "", 0},
	"all ports of a gateway, by a policy of the cluster":                       {all(loadBalancer, with("common", frontPolicy("app: gateway", ""))), "public-network", "lets in every namespace", check.Warning},
	"a port of other Pods, by a policy of the cluster":                         {all(loadBalancer, with("common", frontPolicy("app: db", "protocols: [{tcp: {destinationPort: {number: 80}}}], "))), "public-network", "lets in every namespace", check.Warning},
	"the ports of a control plane for every namespace":                         {with("sales", policy("istio-system1", "{matchLabels: {app: istiod}}", "[{from: [{namespaceSelector: {}}], ports: [{port: 15010}]}]")), "public-network", "lets in every namespace", check.Warning},
	"the one of many that a policy of the cluster forgets":                     {guarded("{action: Accept, from: [{namespaces: {matchExpressions: [{key: istio-tenancy.dev/tenant, operator: Exists}]}}]}"), "open-network", "zz-59", check.Error},
	"the one that nobody asks for, after many":                                 {asks("ns-1"), "open-network", "lets in ns-1 of tenant sales", check.Error},
	"many that are asked for":                                                  {asks("aa-00"), "open-network", "asked for: Namespace ns-0", check.Note},
	"a policy of the cluster before many NetworkPolicies":                      {all(acceptSales("Admin"), crowded), "open-network", "lets in ns-1 of tenant sales", check.Error},
	"a policy of the cluster beside many NetworkPolicies":                      {all(acceptSales("Baseline"), crowded), "open-network", "lets in ns-1 of tenant sales", check.Error},
	"settings that nobody has read":                                            {all(fromConfigMap, replace("sales", "configMapRef: {name: settings}", "secretRef: {name: settings}")), "shared-audience", "Secret settings (envFrom[0])", check.Warning},
	"settings that are not there":                                              {fromConfigMap, "shared-audience", "ConfigMap settings (envFrom[0])", check.Warning},
	// Of several PeerAuthentications for all Pods, the oldest counts.
	"a PeerAuthentication that is older":   {all(aged("2026-02-01"), plaintext("2026-01-01")), "no-mtls", "DISABLE", check.Warning},
	"a PeerAuthentication that is younger": {all(aged("2026-01-01"), plaintext("2026-02-01")), "no-mtls", "", 0},
	// DENY policies add up.
	"a policy that denies what the other excepts":       {all(excepting("        - ns-0\n"), denyOf("sales", "ns-1", "[ns-1, istio-system1]")), "open-identity", "", 0},
	"policies that except the same":                     {all(excepting("        - ns-0\n"), denyOf("sales", "ns-1", "[ns-1, istio-system1, ns-0]")), "open-identity", "lets in ns-0 of tenant dev", check.Error},
	"a policy of the mesh that denies what one excepts": {all(excepting("        - ns-0\n"), denyOf("sales", "istio-system1", "[ns-1, istio-system1]")), "open-identity", "", 0},
	// Of a variable that is there twice, the kubelet takes the last.
	"a limit of the discovery that is taken away again": {twice("ISTIO_WATCH_NAMESPACE", "ns-1", "''"), "unlimited-discovery", "", check.Error},
	"a limit of the discovery that is replaced":         {twice("ISTIO_WATCH_NAMESPACE", "ns-1", "ns-0"), "foreign-discovery", "watches ns-0", check.Error},
	"an audience that is replaced":                      {twice("TOKEN_AUDIENCES", "sales.istio-tenancy.dev", "dev.istio-tenancy.dev"), "shared-audience", "", check.Error},
	"a revision that is replaced":                       {twice("REVISION", "sales", "dev"), "shared-revision", "", check.Error},
}

func TestJudged(t *testing.T) {
	for name, c := range judged {
		t.Run(name, func(t *testing.T) {
			severity := check.Severity(0)
			var found []string
			for _, f := range newPair(t).check(t, c.change).Findings {
				found = append(found, f.Severity.String()+": "+f.Message+" ["+f.Rule+"]")
				if f.Rule == c.rule && strings.Contains(f.Message, c.says) {
					severity = max(severity, f.Severity)
				}
			}
			require.Equal(t, c.severity.String(), severity.String(), "%s", strings.Join(found, "\n"))
		})
	}
}

const istiodOfSales = "{kind: ServiceAccount, name: istiod-sales, namespace: istio-system1}"

// meshLabel says of a namespace of a tenant that it is in a mesh.
func meshLabel(tenant, namespace, mesh string) change {
	label := "    istio-tenancy.dev/tenant: " + tenant + "\n"
	return in(tenant, "Namespace", namespace, label, label+"    istio-tenancy.dev/mesh: "+mesh+"\n")
}

// hosts has sales share its control plane, and joined has a third tenant be in its mesh.
var hosts = meshLabel("sales", "ns-1", "sales")

var bothJoin = all(meshLabel("dev", "ns-0", "shared"), meshLabel("sales", "ns-1", "shared"))

// letsIn has dev let a third tenant in.
var letsIn = all(joined, in("dev", "Namespace", "ns-0", "  annotations:\n", "  annotations:\n    istio-tenancy.dev/allow-from: team\n"))

// export shows that tenant a host.
func export(host string) change {
	return with("dev", "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: more, namespace: ns-0}\nspec: {hosts: ["+host+"], exportTo: [team], http: [{route: [{destination: {host: web}}]}]}")
}

// A finding that is known is another one where a program comes to what a person has.
func TestSomebodyElseComes(t *testing.T) {
	print := func(subjects string) (fingerprint string) {
		for _, f := range newPair(t).check(t, with("common", roleBinding("argocd", "apps", subjects, "view"))).Findings {
			if f.Rule == "outside-right" {
				require.Empty(t, fingerprint)
				fingerprint = f.Fingerprint
			}
		}
		require.NotEmpty(t, fingerprint)
		return fingerprint
	}
	require.NotEqual(t, print(salesAdmin), print(salesAdmin+", {kind: ServiceAccount, name: default, namespace: ns-1}"))
}

// third adds a tenant zeta, which is as dev is.
func third(p pair) error {
	p["zeta.yaml"] = strings.NewReplacer("istio-tenancy.dev", "istio-tenancy.dev", "istio-system", "istio-zeta", "ns-0", "ns-z", "dev", "zeta").Replace(p["dev.yaml"])
	return nil
}

// aged and plaintext are PeerAuthentications as a cluster has them.
func aged(day string) change {
	return in("sales", "PeerAuthentication", "default", "metadata:\n", "metadata:\n  creationTimestamp: \""+day+"T00:00:00Z\"\n")
}

func plaintext(day string) change {
	return with("sales", "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: aaa, namespace: ns-1, creationTimestamp: '"+day+"T00:00:00Z'}\nspec: {mtls: {mode: DISABLE}}")
}

// excepting has the policy of sales that denies others except more namespaces.
func excepting(namespaces string) change {
	return in("sales", "AuthorizationPolicy", "deny-other-tenants", "        - ns-1\n", "        - ns-1\n"+namespaces)
}

// exceptingPrincipal has it except principals, one of them another tenant's.
func exceptingPrincipal(principal string) change {
	return in("sales", "AuthorizationPolicy", "deny-other-tenants", "        notNamespaces:\n        - istio-system1\n        - ns-1\n", "        notPrincipals:\n        - sales.mesh/ns/ns-1/sa/web\n        - "+principal+"\n")
}

// twice gives a variable of istiod of sales another value after the first one.
func twice(name, value, last string) change {
	first := "        - name: " + name + "\n          value: " + value + "\n"
	return in("sales", "Deployment", "istiod-sales", first, first+"        - name: "+name+"\n          value: "+last+"\n")
}
