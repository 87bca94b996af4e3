package v1alpha1

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/strictyaml"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/suggest"
)

// Validate says what is wrong with a tenant that has its defaults, one line per
// mistake. It is for tenants that are made in Go: [DecodeTenant] does the same.
func (t IstioTenant) Validate() error {
	setDefault(&t.APIVersion, APIVersion)
	setDefault(&t.Kind, KindTenant)
	if t.Spec.Admins == nil {
		t.Spec.Admins = []Subject{} // a list that is empty, not a field without a value
	}
	text, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("%s %s: %w", KindTenant, t.Name(), err)
	}
	var tree any
	if err := json.Unmarshal(text, &tree); err != nil {
		return fmt.Errorf("%s %s: %w", KindTenant, t.Name(), err)
	}
	s, err := compiled[KindTenant]()
	if err != nil {
		return fmt.Errorf("schema of %s: %w", KindTenant, err)
	}
	return s.check(tree).with(t.problems()).err(objectName(tree, KindTenant))
}

func (t IstioTenant) problems() problems {
	var p problems
	p.checkNames(t)
	p.checkMesh(t)
	p.checkNamespaces(t)
	p.checkRevisions(t)
	p.checkDomainNames(t)
	p.checkSubjects(t.Spec)
	p.checkNetwork(t)
	p.checkQuota(t.Spec.Quota)
	p.checkLimitRange(t.Spec.LimitRange)
	p.checkAllowed(t.Spec.Allowed)
	p.checkLabels(t.Spec)
	p.checkRights(t.Spec.ControlPlane.Rights)
	p.checkAudiences(t)
	return p
}

// istiosClasses end the names of GatewayClasses that Istio has beside "istio".
// Source: istio/istio, pkg/config/constants.
var istiosClasses = []string{"agentgateway", "agentgateway-waypoint", "east-west", "remote", "waypoint"}

// checkNames: Istio reads the revision "default" as "no revision", which every
// other control plane without one would share.
func (p *problems) checkNames(t IstioTenant) {
	if slices.Contains(istiosClasses, t.Name()) {
		p.add("metadata.name", "%q makes the GatewayClass istio-%[1]s, which Istio uses for the whole cluster: must be another name", t.Name())
	}
	if t.Spec.ControlPlane.Revision != "default" {
		return
	}
	if t.Name() == "default" {
		p.add("metadata.name", `"default" becomes the revision, and Istio uses this name if there is no revision: must be another name`)
		return
	}
	p.add("spec.controlPlane.revision", `"default" is the name that Istio uses if there is no revision: must be another name`)
}

// reserved are namespaces that belong to the cluster.
func reserved(namespace string) bool {
	return namespace == "default" || strings.HasPrefix(namespace, "kube-")
}

func (p *problems) checkNamespaces(t IstioTenant) {
	s := t.Spec
	const controlPlane, application = "spec.controlPlane.namespace", "spec.applicationNamespaces"
	if ns := s.ControlPlane.Namespace; reserved(ns) {
		p.add(controlPlane, "%q belongs to the cluster: must be a namespace of the tenant's own", ns)
	} else if isOfOthers(ns) {
		p.add(controlPlane, "%q is the end of names of other objects, such as ClusterRole %s, and the names of the tenant's own cluster-scoped objects would end "+
			"in it, too: add a word of the tenant's own, as in istio-%s", ns, endingIn(ns), t.Name())
	}
	for i, ns := range s.ApplicationNamespaces {
		switch at := strictyaml.Element(application, i); {
		case ns == t.Name() && ns == "default": // is said of the name
		case reserved(ns):
			p.add(at, "%q belongs to the cluster: must be a namespace of the tenant's own", ns)
		case ns == s.ControlPlane.Namespace:
			p.add(at, "%q is the control plane's namespace (%s): must be another one", ns, controlPlane)
		case slices.Index(s.ApplicationNamespaces, ns) < i:
			p.add(at, "%q is listed twice: list it once", ns)
		}
	}
	if n := len(s.ApplicationNamespaces); s.Discovery == DiscoveryNamespace && n > 1 {
		p.add("spec.discovery", `"namespace" watches one application namespace and there are %d: must be proxy, selectors or auto`, n)
	}
}

func (p *problems) checkSubjects(s TenantSpec) {
	if len(s.Admins) == 0 {
		p.add("spec.admins", "is empty: must be at least 1")
	}
	seen := map[Subject]string{}
	check := func(path string, subjects []Subject) {
		for i, subject := range subjects {
			at := strictyaml.Element(path, i)
			p.checkSubject(at, subject)
			if before, found := seen[subject]; found {
				p.add(at, "%s %s is %s already: list it once", subject.Kind, subject.Name, before)
				continue
			}
			seen[subject] = at
		}
	}
	check("spec.admins", s.Admins)
	check("spec.viewers", s.Viewers)
}

func (p *problems) checkSubject(at string, s Subject) {
	switch s.Kind {
	case "ServiceAccount":
		if s.Namespace == "" {
			p.add(at+".namespace", "is missing: ServiceAccount %s is in a namespace", s.Name)
		}
		if !dnsSubdomain(s.Name) {
			p.add(at+".name", `%s is no ServiceAccount's name: must be lower-case letters, digits, "-" and "."`, show(s.Name))
		}
	case "User", "Group":
		if s.Namespace != "" {
			p.add(at+".namespace", "%q is not expected: only a ServiceAccount has a namespace", s.Namespace)
		}
		if strings.HasPrefix(s.Name, "system:") {
			p.add(at+".name", "%s is the cluster's own %s, which is not one tenant's: must be a %s of the tenant%s",
				show(s.Name), s.Kind, s.Kind, serviceAccountHint(s))
		}
	}
}

func serviceAccountHint(s Subject) string {
	namespace, name, found := strings.Cut(strings.TrimPrefix(s.Name, "system:serviceaccount:"), ":")
	if s.Kind != "User" || !found || !strings.HasPrefix(s.Name, "system:serviceaccount:") {
		return ""
	}
	return "; did you mean kind ServiceAccount, namespace " + show(namespace) + ", name " + show(name) + "?"
}

func dnsSubdomain(name string) bool {
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" ||
			label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
	}
	return len(name) <= 253
}

// becoming are the verbs by which one gets somebody else's rights.
var becoming = []string{"approve", "attest", "bind", "escalate", "impersonate", "sign"}

// checkRights: the API server authorizes what is done to a Namespace in that
// namespace, so that a Role there can give it away. Nobody gets by a right what
// leads to all others.
func (p *problems) checkRights(rights []Right) {
	for i, r := range rights {
		at := strictyaml.Element("spec.controlPlane.rights", i)
		for j, group := range r.APIGroups {
			if group == "rbac.authorization.k8s.io" {
				p.add(strictyaml.Element(at+".apiGroups", j), "%q lets its holder get all other rights: must be another group", group)
			}
		}
		for j, verb := range r.Verbs {
			if slices.Contains(becoming, verb) {
				p.add(strictyaml.Element(at+".verbs", j), "%q lets its holder get the rights of others: must be another verb", verb)
			}
		}
		for j, resource := range r.Resources {
			kind, _, _ := strings.Cut(resource, "/")
			if kind == "namespaces" && slices.Contains(r.APIGroups, "") {
				p.add(strictyaml.Element(strictyaml.Element("spec.controlPlane.rights", i)+".resources", j),
					"%q is the Namespace itself, which only the cluster administrator may change: must be another resource", resource)
			}
		}
	}
}

// checkAudiences: an audience of this group is one tenant's, whose tokens no
// other takes.
func (p *problems) checkAudiences(t IstioTenant) {
	audiences := t.Spec.ControlPlane.ExtraTokenAudiences
	for i, audience := range audiences {
		switch at := strictyaml.Element("spec.controlPlane.extraTokenAudiences", i); {
		case audience == t.TokenAudience():
			p.add(at, "%q is the tenant's own, which is always taken: leave it out", audience)
		case strings.HasSuffix(strings.ToLower(audience), "."+Group):
			p.add(at, "%q is another tenant's: must be an audience outside of %s", audience, Group)
		case isAPIServers(audience):
			p.add(at, "%q is the API server's, and every Pod of the cluster has a token for it already: must be an audience that nothing else accepts", audience)
		case slices.Index(audiences, audience) < i:
			p.add(at, "%q is listed twice: list it once", audience)
		}
	}
}

// isAPIServers says whether an audience is called as the API server is in its
// cluster, which is what installers have it take: its flags --api-audiences and
// --service-account-issuer may name others.
func isAPIServers(audience string) bool {
	host := strings.ToLower(audience)
	if scheme, rest, found := strings.Cut(host, "://"); found && (scheme == "https" || scheme == "http") {
		host, _, _ = strings.Cut(rest, "/")
	}
	host, _, _ = strings.Cut(strings.TrimSuffix(host, "/"), ":")
	return host == "kubernetes" || host == "kubernetes.default" || host == "kubernetes.default.svc" || strings.HasPrefix(host, "kubernetes.default.svc.")
}

func (p *problems) checkNetwork(t IstioTenant) {
	if n := t.Spec.Network; n.WithinTenant == WithinTenantDeny && n.Policy == NetworkOpen {
		p.add("spec.network.withinTenant", `"deny" needs NetworkPolicies, and spec.network.policy is "open": must be allow, or the policy isolated`)
	}
	if n := t.Spec.Network; n.Floor != nil && *n.Floor && n.Policy == NetworkOpen {
		p.add("spec.network.floor", `true keeps other namespaces out, and spec.network.policy is "open", with which every namespace may connect: must be false, or the policy isolated`)
	}
	from := t.Spec.Network.AllowFrom
	if t.Spec.Network.Policy == NetworkOpen && len(from) > 0 {
		p.add("spec.network.allowFrom", `has no effect where spec.network.policy is "open", with which every namespace may connect: leave it out`)
	}
	for i, ns := range from {
		switch at := strictyaml.Element("spec.network.allowFrom", i); {
		case slices.Contains(t.Namespaces(), ns):
			p.add(at, "%q is the tenant's own, which may always connect: must be a namespace outside the tenant", ns)
		case slices.Index(from, ns) < i:
			p.add(at, "%q is listed twice: list it once", ns)
		}
	}
}

// ownLabels are those that decide to whom a namespace belongs and which
// control plane serves it.
var ownLabels = []string{"istio-injection", "istio.io/dataplane-mode", "istio.io/rev", "kubernetes.io/metadata.name"}

// podSecurity are the levels of Kubernetes' Pod Security Standards, and
// podSecurityLabels the labels of a namespace that name one.
var (
	podSecurity       = []string{"privileged", "baseline", "restricted"}
	podSecurityLabels = []string{"pod-security.kubernetes.io/enforce", "pod-security.kubernetes.io/audit", "pod-security.kubernetes.io/warn"}
)

func (p *problems) checkLabels(s TenantSpec) {
	if s.CreateNamespaces != nil && !*s.CreateNamespaces && len(s.NamespaceLabels) > 0 {
		p.add("spec.namespaceLabels", "need spec.createNamespaces to be true, because they are set on Namespaces that this program makes: label your own Namespaces, and leave this out")
	}
	for name, value := range s.NamespaceLabels {
		if slices.Contains(podSecurityLabels, name) && !slices.Contains(podSecurity, value) {
			p.add(strictyaml.Child("spec.namespaceLabels", name), "%s is unknown: must be %s%s", show(value), list(podSecurity), suggest.Question(value, podSecurity))
		}
		if slices.Contains(ownLabels, name) || strings.HasPrefix(name, Group+"/") {
			p.add(strictyaml.Child("spec.namespaceLabels", name), "decides which control plane a namespace belongs to and is set for you: leave it out")
		}
	}
}
