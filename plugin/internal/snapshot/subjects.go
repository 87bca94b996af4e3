package snapshot

import (
	"cmp"
	"slices"
	"strings"
)

// Subject is a User, a Group or a ServiceAccount, which has a namespace.
type Subject struct{ Kind, Namespace, Name string }

const (
	serviceAccount = "ServiceAccount"
	accountUser    = "system:serviceaccount:"
)

// Subjects are those of a binding. A ServiceAccount without a namespace is of the binding's:
// the API server refuses one, and old manifests have it. A User that is called as the API
// server calls a ServiceAccount is that.
func Subjects(binding *Object) (all []Subject) {
	for _, value := range List(binding.Content, "subjects") {
		s := Subject{Kind: Text(value, "kind"), Name: Text(value, "name")}
		if rest, is := strings.CutPrefix(s.Name, accountUser); is && s.Kind == "User" {
			namespace, name, _ := strings.Cut(rest, ":")
			s = Subject{serviceAccount, namespace, name}
		} else if s.Kind == serviceAccount {
			s.Namespace = cmp.Or(Text(value, "namespace"), binding.ID.Namespace)
		}
		all = append(all, s)
	}
	return all
}

// IsEverybody says whether a subject is everybody, or every ServiceAccount.
func (s Subject) IsEverybody() bool {
	return slices.Contains([]string{"system:authenticated", "system:unauthenticated", "system:serviceaccounts", "system:anonymous", "*"}, s.Name) && s.Kind != serviceAccount
}

// RoleOf is what a binding gives: "ClusterRole edit".
func RoleOf(binding *Object) string {
	return Text(binding.Content, "roleRef", "kind") + " " + Text(binding.Content, "roleRef", "name")
}
