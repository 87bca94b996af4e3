package verify

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/authorize"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/check"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
)

// review is a question about one subject and one namespace.
type review struct {
	tenant, who string
	request     authorize.Request
	want        bool
}

// askRights asks the API server what each subject may do.
func (v *verifier) askRights(ctx context.Context) {
	model, err := authorize.New(v.planned.Snapshot)
	if err != nil {
		v.report.miss(Rights, "what is rendered", err)
		return
	}
	var reviews []review
	var configs []snapshot.Config
	for _, c := range v.configs {
		if len(configs) == 0 || configs[len(configs)-1].Name() != c.Name() {
			configs = append(configs, c)
		}
	}
	for i, c := range configs {
		reviews = append(reviews, v.reviews(c, configs[(i+1)%len(configs)], model)...)
	}
	excess := excesses{}
	each(ctx, len(reviews), func(i int) {
		r := reviews[i]
		allowed, reason, err := v.ask(ctx, r.request)
		if err != nil {
			v.report.miss(Rights, "create subjectaccessreviews.authorization.k8s.io", err)
			return
		}
		v.report.of(r.tenant, func(t *Tenant) { t.Questions++ })
		switch {
		case allowed && !r.want:
			excess.add(r, reason)
		case !allowed && r.want:
			v.report.find(Rights, check.Error, r.tenant, object.ID{}, "%s may not %s: must be allowed%s", r.who, asked(r.request), because(reason))
		}
	})
	excess.report(v.report)
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return " (" + reason + ")"
}

// asked is "create pods/exec in ns-1".
func asked(r authorize.Request) string {
	resource := r.Resource
	if r.Group != "" {
		resource += "." + r.Group
	}
	if r.Subresource != "" {
		resource += "/" + r.Subresource
	}
	if r.Namespace == "" {
		return r.Verb + " " + resource + " of all namespaces"
	}
	if r.Name != "" {
		return r.Verb + " " + resource + " " + r.Name
	}
	return r.Verb + " " + resource + " in " + r.Namespace
}

// reviews are the questions about one tenant.
func (v *verifier) reviews(c, next snapshot.Config, model *authorize.Authorizer) (all []review) {
	places := map[where][]string{applications: c.Spec.ApplicationNamespaces, system: {"kube-system"}, everywhere: {""}}
	if c.Spec.Mesh != v1alpha1.MeshShared {
		places[beside] = []string{c.Spec.ControlPlane.Namespace}
	}
	if next.Name() != c.Name() {
		places[others] = next.Namespaces()
	}
	add := func(who string, subject authorize.Subject, want func(question) answer, skip where) {
		for _, q := range questions {
			if q.where == skip || !v.has(q) {
				continue
			}
			for _, ns := range places[q.where] {
				r := review{c.Name(), who, q.request(subject, ns), want(q) == yes}
				if want(q) == rendered {
					r.want = model.Decide(r.request).Allowed
				}
				all = append(all, r)
			}
		}
	}
	both := func(s v1alpha1.Subject) where { // who is the other tenant's, too, is not kept out of it
		if slices.Contains(slices.Concat(next.Spec.Admins, next.Spec.Viewers), s) {
			return others
		}
		return -1
	}
	for _, s := range c.Spec.Admins {
		add(called(s), subjectOf(s), func(q question) answer {
			if q.where == beside && c.Spec.ControlPlane.AdminAccess == v1alpha1.AdminAccessFull {
				return rendered
			}
			return q.admin
		}, both(s))
	}
	for _, s := range c.Spec.Viewers {
		if !slices.Contains(c.Spec.Admins, s) {
			add(called(s), subjectOf(s), func(q question) answer { return q.viewer }, both(s))
		}
	}
	for _, p := range v.planned.Planes {
		if p.Object.Tenant() == c.Name() {
			account := accountOf(p.Object)
			add("ServiceAccount "+p.Object.ID.Namespace+"/"+account, authorize.Account(p.Object.ID.Namespace, account), func(q question) answer { return q.plane }, -1)
		}
	}
	return all
}

func called(s v1alpha1.Subject) string {
	if s.Namespace != "" {
		return s.Kind + " " + s.Namespace + "/" + s.Name
	}
	return s.Kind + " " + s.Name
}

func accountOf(deployment *snapshot.Object) string {
	if name := snapshot.Text(deployment.Content, "spec", "template", "spec", "serviceAccountName"); name != "" {
		return name
	}
	return "default"
}

func subjectOf(s v1alpha1.Subject) authorize.Subject {
	return authorize.SubjectOf(rbacv1.Subject{Kind: s.Kind, Name: s.Name, Namespace: s.Namespace}, "")
}

// has says whether the cluster has the kind of a question: all have Kubernetes' own.
func (v *verifier) has(q question) bool {
	if !strings.HasSuffix(q.group, ".istio.io") {
		return true
	}
	return slices.ContainsFunc(v.served.best, func(r resource) bool { return r.group == q.group && r.name == q.resource })
}

func (q question) request(s authorize.Subject, namespace string) authorize.Request {
	resource, subresource, _ := strings.Cut(q.resource, "/")
	if resource == "namespaces" && namespace != "" {
		return authorize.OfNamespace(s, q.verb, subresource, namespace)
	}
	return authorize.Request{Subject: s, Verb: q.verb, Group: q.group, Resource: resource, Subresource: subresource, Namespace: namespace}
}

// ask is a SubjectAccessReview.
func (v *verifier) ask(ctx context.Context, r authorize.Request) (allowed bool, reason string, err error) {
	var done authorizationv1.SubjectAccessReview
	err = v.client.post(ctx, "/apis/authorization.k8s.io/v1/subjectaccessreviews", authorizationv1.SubjectAccessReview{
		TypeMeta: metav1.TypeMeta{APIVersion: "authorization.k8s.io/v1", Kind: "SubjectAccessReview"},
		Spec: authorizationv1.SubjectAccessReviewSpec{User: r.User, Groups: r.Groups, ResourceAttributes: &authorizationv1.ResourceAttributes{
			Namespace: r.Namespace, Verb: r.Verb, Group: r.Group, Resource: r.Resource, Subresource: r.Subresource, Name: r.Name,
		}},
	}, &done)
	if err != nil {
		return false, "", fmt.Errorf("%s: %w", asked(r), err)
	}
	return done.Status.Allowed, cmp.Or(done.Status.Reason, done.Status.EvaluationError), nil
}
