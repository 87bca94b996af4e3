package authorize

import (
	"cmp"
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
)

// Subjects are all whom bindings name, those that every cluster has too, sorted.
func (a *Authorizer) Subjects() (all []rbacv1.Subject) {
	for s := range a.bindings {
		if of, name, found := strings.Cut(strings.TrimPrefix(s.Name, account), ":"); found && strings.HasPrefix(s.Name, account) && s.Kind == rbacv1.UserKind {
			s = rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: of, Name: name}
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b rbacv1.Subject) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return all
}
