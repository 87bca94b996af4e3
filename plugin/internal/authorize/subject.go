package authorize

import (
	"slices"
	"strings"

	rbacv1 "k8s.io/api/rbac/v1"
)

// What the API server calls those that it knows.
const (
	authenticated   = "system:authenticated"
	unauthenticated = "system:unauthenticated"
	anonymous       = "system:anonymous"
	masters         = "system:masters"
	accounts        = "system:serviceaccounts"
	account         = "system:serviceaccount:"
)

// Account is a ServiceAccount.
func Account(namespace, name string) Subject {
	return Subject{User: account + namespace + ":" + name, Groups: []string{accounts, accounts + ":" + namespace, authenticated}}
}

// SubjectOf is whom a subject of a binding stands for; namespace is the binding's, "" for
// a ClusterRoleBinding. Of a group, it is somebody of whom nothing is known but that: it
// has no user. A user may be in groups of which no object says anything.
func SubjectOf(s rbacv1.Subject, namespace string) Subject {
	switch s.Kind {
	case rbacv1.ServiceAccountKind:
		if s.Namespace != "" {
			namespace = s.Namespace
		}
		return Account(namespace, s.Name)
	case rbacv1.GroupKind:
		return member(s.Name)
	}
	if of, name, ok := strings.Cut(strings.TrimPrefix(s.Name, account), ":"); ok && strings.HasPrefix(s.Name, account) {
		return Account(of, name)
	}
	if s.Name == anonymous {
		return member(unauthenticated)
	}
	return Subject{User: s.Name, Groups: []string{authenticated}}
}

// member is somebody of a group, with the groups that all of that group are in.
func member(group string) Subject {
	switch {
	case group == unauthenticated:
		return Subject{User: anonymous, Groups: []string{unauthenticated}}
	case group == authenticated:
		return Subject{Groups: []string{authenticated}}
	case strings.HasPrefix(group, accounts+":"):
		return Subject{Groups: []string{accounts, group, authenticated}}
	}
	return Subject{Groups: []string{group, authenticated}}
}

// keys are what bindings that name a subject name.
func (s Subject) keys() []rbacv1.Subject {
	var keys []rbacv1.Subject
	if s.User != "" {
		keys = append(keys, rbacv1.Subject{Kind: rbacv1.UserKind, Name: s.User})
	}
	for i, group := range s.Groups {
		if !slices.Contains(s.Groups[:i], group) {
			keys = append(keys, rbacv1.Subject{Kind: rbacv1.GroupKind, Name: group})
		}
	}
	return keys
}

// key is a subject of a binding as Subject.keys has it: a ServiceAccount is the user of
// its name, and one without a namespace is nobody.
func key(s rbacv1.Subject, namespace string) (rbacv1.Subject, bool) {
	switch s.Kind {
	case rbacv1.UserKind, rbacv1.GroupKind:
		return rbacv1.Subject{Kind: s.Kind, Name: s.Name}, true
	case rbacv1.ServiceAccountKind:
		if s.Namespace != "" {
			namespace = s.Namespace
		}
		return rbacv1.Subject{Kind: rbacv1.UserKind, Name: Account(namespace, s.Name).User}, namespace != ""
	}
	return rbacv1.Subject{}, false
}
