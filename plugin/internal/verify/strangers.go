package verify

import (
	"fmt"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/component-helpers/auth/rbac/validation"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/access"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/check"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/reach"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// kubeSystem is the namespace of the programs that run the cluster: who may write there has it.
const kubeSystem = "kube-system"

// bindings finds what gives rights in tenants' namespaces, and in kubeSystem, and is neither rendered
// nor what every cluster has: who is told apart by both, the binding and what its role gives.
func (v *verifier) bindings(s *snapshot.Snapshot) error {
	live, err := authorize.New(s)
	if err != nil {
		return err
	}
	common, err := authorize.New(snapshot.New(nil, nil))
	if err != nil {
		return err
	}
	for _, kind := range []string{"RoleBinding", "ClusterRoleBinding"} {
		for _, o := range s.Of(rbac, kind) {
			tenant := v.owners[o.ID.Namespace]
			if v.isRendered(o.ID) || kind == "RoleBinding" && tenant == "" && o.ID.Namespace != kubeSystem {
				continue
			}
			v.stranger(o, tenant, given{live, common})
		}
	}
	return nil
}

// given says what bindings give in the cluster, and what those of every cluster do.
type given struct{ live, common *authorize.Authorizer }

// rights is what a binding gives to one of its subjects.
type rights struct {
	who      snapshot.Subject
	rules    []rbacv1.PolicyRule // that the binding of every cluster does not give
	isCommon bool                // whether every cluster's binding of that name has the subject
}

func (g given) by(o *snapshot.Object) (all []rights) {
	for _, who := range snapshot.Subjects(o) {
		subject := authorize.SubjectOf(rbacv1.Subject{Kind: who.Kind, Namespace: who.Namespace, Name: who.Name}, o.ID.Namespace)
		of := func(a *authorize.Authorizer) (rules []rbacv1.PolicyRule) {
			for _, grant := range a.Grants(subject) {
				if grant.Binding == o.ID {
					rules = append(rules, grant.Rule)
				}
			}
			return rules
		}
		before := of(g.common)
		if _, more := validation.Covers(before, of(g.live)); len(more) > 0 {
			all = append(all, rights{who, more, len(before) > 0})
		}
	}
	return all
}

// stranger judges one binding.
func (v *verifier) stranger(o *snapshot.Object, tenant string, g given) {
	type found struct {
		severity check.Severity
		whom     []string
		rules    []rbacv1.PolicyRule
	}
	all := map[check.Severity]*found{}
	for _, r := range g.by(o) {
		severity := v.judge(r, o.ID, tenant)
		if severity == 0 {
			continue
		}
		if all[severity] == nil {
			all[severity] = &found{severity: severity}
		}
		all[severity].whom, all[severity].rules = append(all[severity].whom, nameOf(r.who)), append(all[severity].rules, r.rules...)
	}
	for _, f := range all {
		may, level := access.WordsOf(f.rules, o.ID.Namespace)
		where, more := "", ""
		if o.ID.Namespace == "" {
			where = " in every namespace"
		}
		if texts := opened(f.rules, o.ID.Namespace); level < access.Dangerous && len(texts) > 0 {
			more = ", and which " + some(texts)
		}
		if o.ID.Namespace == kubeSystem {
			more += "; whoever may write in " + kubeSystem + " may control the cluster"
		}
		v.unexpected(o, tenant, f.severity, "gives %s to %s%s, which is %s in the words of docs/access.md%s",
			snapshot.RoleOf(o), some(f.whom), where, strings.Join(may, ", "), more)
	}
}

// judge says how bad it is that somebody has rights: 0, where they are in no namespace, or
// where a binding in a namespace does not give them.
func (v *verifier) judge(r rights, binding object.ID, tenant string) check.Severity {
	_, level := access.WordsOf(r.rules, binding.Namespace)
	if level == 0 {
		return 0
	}
	if len(opened(r.rules, binding.Namespace)) > 0 {
		level = access.Dangerous
	}
	switch {
	case binding.Namespace == "" && level < access.Dangerous && !slices.ContainsFunc(r.rules, v.isNamespaced):
		return 0
	case binding.Namespace == "" && (slices.Contains(administrators, r.who) || isJoin(r)):
		return check.Note
	case r.isCommon && !r.who.IsEverybody(): // a program of Kubernetes, whose role is another version's, or more
		return check.Note
	case binding.Namespace == kubeSystem && !v.besides[kubeSystem]:
		return judgeSystem(r.who, level)
	case v.besides[binding.Namespace] && level > access.Reads:
		return check.Error // more than who may read there has
	case v.besides[binding.Namespace]:
		return check.Warning
	case binding.Namespace != "" && v.isOwn(r.who, tenant):
		return check.Note // which the tenant's administrators may do
	case binding.Namespace == "" && r.who.Kind == rbacv1.ServiceAccountKind && r.who.Namespace == kubeSystem:
		return check.Warning // who may write there has the cluster
	case level == access.Dangerous:
		return check.Error
	}
	return check.Warning
}

// judgeSystem says how bad rights in kubeSystem are. Its own programs have the cluster already, and
// what anybody may read there gives no rights, but for Secrets.
func judgeSystem(who snapshot.Subject, level access.Level) check.Severity {
	switch {
	case who.Kind == rbacv1.ServiceAccountKind && who.Namespace == kubeSystem, slices.Contains(administrators, who), level <= access.Reads:
		return 0
	case level == access.Dangerous:
		return check.Error
	}
	return check.Warning
}

// administrators are groups to which an installer gives the cluster.
//
// Source: cmd/kubeadm/app/constants of kubernetes/kubernetes, since 1.29.
var administrators = []snapshot.Subject{{Kind: rbacv1.GroupKind, Name: "system:masters"}, {Kind: rbacv1.GroupKind, Name: "kubeadm:cluster-admins"}}

// joins are rights that an installer gives so that nodes join the cluster, and renew what they
// have: to whoever has a token for that, and to nodes.
//
// Source: cmd/kubeadm/app/phases/bootstraptoken/node of kubernetes/kubernetes.
var joins = []struct{ group, resource string }{
	{"system:bootstrappers:kubeadm:default-node-token", "certificatesigningrequests/nodeclient"},
	{"system:nodes", "certificatesigningrequests/selfnodeclient"},
}

func isJoin(r rights) bool {
	for _, j := range joins {
		if r.who == (snapshot.Subject{Kind: rbacv1.GroupKind, Name: j.group}) {
			covered, _ := validation.Covers([]rbacv1.PolicyRule{{Verbs: []string{"create"}, APIGroups: []string{"certificates.k8s.io"}, Resources: []string{j.resource}}}, r.rules)
			return covered
		}
	}
	return false
}

// opened is what rules open of tenants beyond what is in namespaces. A binding in a namespace
// gives nothing without one but the Namespace itself.
func opened(rules []rbacv1.PolicyRule, namespace string) (texts []string) {
	for _, rule := range rules {
		if namespace != "" {
			var of []string
			for _, name := range rule.Resources {
				if base, sub, found := strings.Cut(name, "/"); base == "*" || base == "namespaces" {
					of = append(of, map[bool]string{false: "namespaces", true: "namespaces/" + sub}[found])
				}
			}
			rule.Resources, rule.NonResourceURLs = of, nil
		}
		texts = append(texts, reach.Opens(rule)...)
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}

// isNamespaced says whether a rule allows something of a kind that is in namespaces.
func (v *verifier) isNamespaced(rule rbacv1.PolicyRule) bool {
	for _, group := range rule.APIGroups {
		for _, name := range rule.Resources {
			name, _, _ = strings.Cut(name, "/")
			i := slices.IndexFunc(v.served.best, func(r resource) bool { return r.group == group && r.name == name })
			if i >= 0 && v.served.best[i].namespaced || i < 0 && !object.IsClusterResource(group, name) {
				return true
			}
		}
	}
	return false
}

// accounts begins the name of the group of all ServiceAccounts of a namespace.
const accounts = "system:serviceaccounts:"

// isOwn says whether somebody is a tenant's: a program of its namespaces, all of one of them, or
// one of those whom its file names.
func (v *verifier) isOwn(who snapshot.Subject, tenant string) bool {
	namespace, isGroup := strings.CutPrefix(who.Name, accounts)
	if who.Kind == rbacv1.ServiceAccountKind && v.owners[who.Namespace] == tenant || who.Kind == rbacv1.GroupKind && isGroup && v.owners[namespace] == tenant {
		return true
	}
	return slices.ContainsFunc(v.configs, func(c snapshot.Config) bool {
		for _, s := range slices.Concat(c.Spec.Admins, c.Spec.Viewers) {
			if c.Name() == tenant && s.Kind == who.Kind && s.Name == who.Name && s.Namespace == who.Namespace {
				return true
			}
		}
		return false
	})
}

func nameOf(s snapshot.Subject) string {
	return object.ID{Kind: s.Kind, Namespace: s.Namespace, Name: s.Name}.String()
}

// few is how many of many are named.
const few = 3

// some names a few of many: "a, b, c and 4 more".
func some(names []string) string {
	if len(names) <= few+1 {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), len(names)-few)
}
