package access_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWords(t *testing.T) {
	for rules, want := range map[string]string{
		`{verbs: ["*"], apiGroups: ["*"], resources: ["*"]}`:                          "everything 3",
		`{verbs: [get, list, watch], apiGroups: [""], resources: [pods, configmaps]}`: "read 1",
		`{verbs: [get], apiGroups: [""], resources: [secrets]}`:                       "secrets 3",
		`{verbs: [watch], apiGroups: [""], resources: ["*"]}`:                         "secrets 3",
		`{verbs: [get], apiGroups: [""], resources: [secrets], resourceNames: [ca]}`:  "some secrets 3",
		`{verbs: [create, update], apiGroups: [""], resources: [secrets]}`:            "write 2",
		// The API server answers these with Secrets, of delete with propagationPolicy=Foreground.
		`{verbs: [patch], apiGroups: [""], resources: [secrets]}`:                                                            "secrets, write 3",
		`{verbs: [delete], apiGroups: [""], resources: [secrets]}`:                                                           "secrets, write 3",
		`{verbs: [deletecollection], apiGroups: [""], resources: [secrets]}`:                                                 "secrets, write 3",
		`{verbs: [create], apiGroups: [""], resources: ["*/exec"]}`:                                                          "exec 3",
		`{verbs: [get], apiGroups: [""], resources: [pods/exec]}`:                                                            "exec 3",
		`{verbs: [patch], apiGroups: [""], resources: [pods/ephemeralcontainers]}`:                                           "exec 3",
		`{verbs: [create], apiGroups: [""], resources: [serviceaccounts/token]}`:                                             "tokens 3",
		`{verbs: [impersonate], apiGroups: [""], resources: [serviceaccounts]}`:                                              "impersonate 3",
		`{verbs: [bind], apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles]}`:                                 "bind 3",
		`{verbs: [escalate], apiGroups: [rbac.authorization.k8s.io], resources: [roles]}`:                                    "escalate 3",
		`{verbs: [create], apiGroups: [rbac.authorization.k8s.io], resources: [rolebindings]}`:                               "roles 3",
		`{verbs: [patch], apiGroups: [apps], resources: [deployments]}`:                                                      "workloads 3",
		`{verbs: [create], apiGroups: [batch], resources: [cronjobs]}`:                                                       "workloads 3",
		`{verbs: [patch], apiGroups: [""], resources: [namespaces]}`:                                                         "namespaces 3",
		`{verbs: [patch], apiGroups: [""], resources: [namespaces/status]}`:                                                  "namespaces 3", // with its labels
		`{verbs: [update], apiGroups: [""], resources: [namespaces/finalize]}`:                                               "namespaces 3",
		`{verbs: [delete], apiGroups: [networking.k8s.io], resources: [networkpolicies]}`:                                    "network 2",
		`{verbs: [create], apiGroups: [networking.istio.io], resources: [virtualservices]}`:                                  "istio 2",
		`{verbs: [delete], apiGroups: [""], resources: [pods]}`:                                                              "restart 2",
		`{verbs: [update], apiGroups: [""], resources: [configmaps]}`:                                                        "write 2",
		`{verbs: [get], apiGroups: [""], resources: [secrets, pods]}, {verbs: [delete], apiGroups: [""], resources: [pods]}`: "secrets, restart 3",

		// What no other word says is said.
		`{verbs: [get], apiGroups: [""], resources: [secrets]}, {verbs: [update], apiGroups: [""], resources: [configmaps]}`:                                "secrets, write 3",
		`{verbs: ["*"], apiGroups: [""], resources: [secrets]}`:                                                                                             "secrets, write 3",
		`{verbs: [create, delete], apiGroups: [apps], resources: [deployments, deployments/scale]}`:                                                         "workloads 3",
		`{verbs: [patch], apiGroups: [apps], resources: [deployments], resourceNames: [x]}, {verbs: [delete], apiGroups: [apps], resources: [deployments]}`: "some workloads, write 3",
		`{verbs: ["*"], apiGroups: ["*"], resources: ["*"], resourceNames: [x]}, {verbs: [get, list], apiGroups: [""], resources: [secrets]}`:               "some everything, secrets 3",
		`{verbs: ["*"], apiGroups: ["*"], resources: ["*"], resourceNames: [x]}, {verbs: ["*"], apiGroups: ["*"], resources: ["*"]}`:                        "everything 3",
		`{verbs: [update], apiGroups: [networking.istio.io], resources: ["*"]}`:                                                                             "istio 2",
		`{verbs: [patch], apiGroups: [networking.istio.io], resources: [workloadgroups]}`:                                                                   "istio 2",
		`{verbs: [update], apiGroups: ["*"], resources: ["*/status"]}`:                                                                                      "namespaces, write 3",
		`{verbs: [update], apiGroups: [""], resources: ["*/finalize"]}`:                                                                                     "namespaces 3",
		`{verbs: [create], apiGroups: [authorization.k8s.io], resources: [localsubjectaccessreviews]}`:                                                      "read 1",

		// The name of a request without a name is "", and so all objects are meant.
		`{verbs: [list], apiGroups: [""], resources: [secrets], resourceNames: [""]}`:                                                            "secrets 3",
		`{verbs: [get, list], apiGroups: [""], resources: [secrets], resourceNames: ["", x]}`:                                                    "secrets 3",
		`{verbs: [get], apiGroups: [""], resources: [secrets], resourceNames: ["", x]}`:                                                          "some secrets 3",
		`{verbs: ["*"], apiGroups: ["*"], resources: ["*"], resourceNames: [""]}`:                                                                "everything 3",
		`{verbs: [create], apiGroups: [""], resources: [pods/exec], resourceNames: ["", x]}, {verbs: [get], apiGroups: [""], resources: [pods]}`: "some exec 3",
		// What is created, or deleted with others, is not named, but a subresource is.
		`{verbs: [create], apiGroups: [""], resources: [serviceaccounts/token], resourceNames: [x]}`:                                                                           "some tokens 3",
		`{verbs: [create, patch], apiGroups: [""], resources: [pods], resourceNames: [x]}`:                                                                                     "some workloads 3",
		`{verbs: [create, deletecollection], apiGroups: [""], resources: [pods, secrets, configmaps], resourceNames: [x]}, {verbs: [get], apiGroups: [""], resources: [pods]}`: "read 1",

		// A proxy connects past the network, whatever the method of the request.
		`{verbs: [get], apiGroups: [""], resources: [services/proxy]}`:    "exec 3",
		`{verbs: [create], apiGroups: [""], resources: [services/proxy]}`: "exec 3",
		`{verbs: [update], apiGroups: [""], resources: [pods/proxy]}`:     "exec 3",

		// The modes of impersonation since Kubernetes 1.36.
		`{verbs: ["impersonate:serviceaccount"], apiGroups: [authentication.k8s.io], resources: [serviceaccounts]}`: "impersonate 3",
		`{verbs: ["impersonate-on:user-info:get"], apiGroups: [""], resources: [pods]}`:                             "impersonate 3",

		// A RoleBinding gives nothing that is in no namespace, but the Namespace itself.
		`{verbs: [impersonate], apiGroups: [""], resources: [users]}, {verbs: [get], apiGroups: [""], resources: [pods]}`:                                              "read 1",
		`{verbs: [impersonate], apiGroups: ["*"], resources: ["*"]}`:                                                                                                   "impersonate 3",
		`{verbs: [get], apiGroups: [""], resources: [nodes/proxy, pods]}`:                                                                                              "read 1",
		`{verbs: [create], apiGroups: [admissionregistration.k8s.io], resources: [mutatingwebhookconfigurations]}, {verbs: [get], apiGroups: [""], resources: [pods]}`: "read 1",
		`{verbs: ["*"], apiGroups: [admissionregistration.k8s.io], resources: ["*"]}, {verbs: [get], apiGroups: [""], resources: [pods]}`:                              "read 1",
		`{verbs: ["impersonate:user-info"], apiGroups: [authentication.k8s.io], resources: [users]}, {verbs: [get], apiGroups: [""], resources: [pods]}`:               "read 1",
		`{verbs: [create, list], apiGroups: [""], resources: [namespaces]}, {verbs: [get], apiGroups: [""], resources: [pods]}`:                                        "read 1",
		`{verbs: ["*"], apiGroups: [rbac.authorization.k8s.io], resources: [clusterroles]}`:                                                                            "bind 3",
		`{verbs: [delete], apiGroups: [""], resources: [namespaces]}`:                                                                                                  "namespaces 3",
		`{verbs: ["*"], apiGroups: [example.com], resources: [clusterthings]}`:                                                                                         "write 2",
	} {
		r, err := modelOf(t, read(t, bound(rules))).Report()
		require.NoError(t, err)
		require.Len(t, r.Subjects, 1, rules)
		require.Len(t, r.Subjects[0].Cells, 1)
		c := r.Subjects[0].Cells[0]
		require.Equal(t, want, fmt.Sprint(strings.Join(c.May, ", "), " ", c.Level), rules)
	}
	for _, rules := range []string{"", `{verbs: [create], apiGroups: [""], resources: [pods], resourceNames: [x]}`, `{verbs: [get], apiGroups: [""], resources: [secrets], resourceNames: [""]}`, `{verbs: [get], apiGroups: [""], resources: [nodes]}`} {
		none, err := modelOf(t, read(t, bound(rules))).Report()
		require.NoError(t, err)
		require.Empty(t, none.Subjects, "a role that gives nothing")
	}
}

// TestWordsOfTheCluster has words for rights that are in no namespace.
func TestWordsOfTheCluster(t *testing.T) {
	for rules, want := range map[string]string{
		`{verbs: [impersonate], apiGroups: [""], resources: [groups]}`:                                                           "impersonate 3",
		`{verbs: [impersonate], apiGroups: [authentication.k8s.io], resources: [userextras/scopes]}`:                             "impersonate 3",
		`{verbs: ["impersonate:user-info"], apiGroups: [authentication.k8s.io], resources: [users, groups]}`:                     "impersonate 3",
		`{verbs: ["impersonate:arbitrary-node"], apiGroups: [authentication.k8s.io], resources: [nodes]}`:                        "impersonate 3",
		`{verbs: ["impersonate:associated-node"], apiGroups: [authentication.k8s.io], resources: [nodes], resourceNames: ["*"]}`: "some impersonate 3",
		`{verbs: ["impersonate-on:user-info:get"], nonResourceURLs: [/metrics]}`:                                                 "impersonate 3",
		`{verbs: [approve, "impersonate:user-info"], apiGroups: ["*"], resources: ["*"]}`:                                        "impersonate, certificates 3",
		`{verbs: [delete], apiGroups: [admissionregistration.k8s.io], resources: [validatingadmissionpolicybindings]}`:           "webhooks 3",
		`{verbs: [deletecollection], apiGroups: [admissionregistration.k8s.io], resources: [mutatingadmissionpolicies]}`:         "webhooks 3",
		`{verbs: [create], apiGroups: [""], resources: [nodes/proxy]}`:                                                           "exec 3",
		`{verbs: [create], apiGroups: [""], resources: [namespaces]}`:                                                            "namespaces 3",
		`{verbs: [update], apiGroups: ["*"], resources: ["*/status"]}`:                                                           "certificates, namespaces, write 3",
		`{verbs: [get], nonResourceURLs: [/metrics]}`:                                                                            "read 1",
		`{verbs: [create], apiGroups: [authentication.k8s.io], resources: [tokenreviews]}`:                                       "read 1",
		`{verbs: [update], apiGroups: [admissionregistration.k8s.io], resources: [validatingwebhookconfigurations], resourceNames: [x]}, {verbs: [create], apiGroups: [authentication.k8s.io], resources: [tokenreviews]}`: "some webhooks 3",
	} {
		r, err := modelOf(t, read(t, header+`---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: r}, rules: [`+rules+`]}
---
{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: b}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: r}, subjects: [{kind: User, name: jo}]}
`)).Report()
		require.NoError(t, err)
		require.Len(t, r.Subjects, 1, rules)
		c := r.Subjects[0].Cells[0]
		require.Equal(t, want, fmt.Sprint(strings.Join(c.May, ", "), " ", c.Level), rules)
	}
}

// TestRolesOfEveryCluster has roles that every cluster has, and that are not as there, and
// bindings that claim to be such.
func TestRolesOfEveryCluster(t *testing.T) {
	role := func(name, more string) string {
		return "---\n{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: " + name + ", labels: {kubernetes.io/bootstrapping: rbac-defaults}}, " + more + "}\n"
	}
	gathered := func(to, rule string) string {
		return "---\n{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: more, labels: {rbac.authorization.k8s.io/aggregate-to-" + to + ": 'true'}}, rules: [" + rule + "]}\n"
	}
	bind := func(kind, name, namespace, role, subjects string) string {
		return "---\n{apiVersion: rbac.authorization.k8s.io/v1, kind: " + kind + ", metadata: {name: " + name + ", namespace: '" + namespace + "', labels: {kubernetes.io/bootstrapping: rbac-defaults}}, " +
			"roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: " + role + "}, subjects: [" + subjects + "]}\n"
	}
	in := func(role string) string { return bind("RoleBinding", "b", "ns-1", role, "{kind: User, name: jo}") }
	const (
		secrets = `{verbs: [list], apiGroups: [""], resources: [secrets]}`
		istio   = `{verbs: [get, create], apiGroups: [networking.istio.io], resources: [gateways]}`
	)
	for _, row := range []struct{ name, objects, want string }{
		{"view", in("view"), "User jo ns-1: view"},
		{"view that gathers Secrets", in("view") + gathered("view", secrets), "User jo ns-1: secrets, view"},
		{"view that gathers more to read", in("view") + gathered("view", `{verbs: [get], apiGroups: [example.com], resources: [things]}`), "User jo ns-1: view"},
		{"admin that gathers through edit", in("admin") + gathered("edit", istio), "User jo ns-1: admin, istio"},
		{"edit that gathers what it has", in("edit") + gathered("edit", secrets), "User jo ns-1: edit"},
		{"view that reads Secrets", in("view") + role("view", "rules: ["+secrets+"]"), "User jo ns-1: secrets, view"},
		{"view that may do everything", in("view") + role("view", `rules: [{verbs: ["*"], apiGroups: ["*"], resources: ["*"]}]`), "User jo ns-1: everything"},
		{"view that gathers nothing of what it has elsewhere", in("view") + role("view", "aggregationRule: {clusterRoleSelectors: [{matchLabels: {x: z}}]}"), ""},
		{"view that is not updated", strings.Replace(in("view")+role("view", "rules: ["+istio+"]"), "labels: {kubernetes.io/bootstrapping: rbac-defaults}}, rules",
			"annotations: {rbac.authorization.kubernetes.io/autoupdate: 'false'}}, rules", 1), "User jo ns-1: istio"},
		{"the strongest of two", in("view") + bind("RoleBinding", "c", "ns-1", "edit", "{kind: User, name: jo}"), "User jo ns-1: edit"},
		{"edit, and what it has not", bind("ClusterRoleBinding", "b", "", "edit", "{kind: User, name: jo}") + bind("ClusterRoleBinding", "c", "", "more", "{kind: User, name: jo}") +
			role("more", `rules: [{apiGroups: [""], resources: [users, groups], verbs: [impersonate]}, {apiGroups: [""], resources: [nodes/proxy], verbs: [get, create]}, {apiGroups: [apiextensions.k8s.io], resources: [customresourcedefinitions], verbs: [update]}]`),
			"User jo : edit, impersonate, exec, write"},
		{"the label of every cluster", bind("ClusterRoleBinding", "b", "", "cluster-admin", "{kind: User, name: jo}"), "User jo : cluster-admin"},
		{"a binding of every cluster", bind("ClusterRoleBinding", "cluster-admin", "", "cluster-admin", "{kind: Group, name: 'system:masters'}"), ""},
		{"a subject more in it", bind("ClusterRoleBinding", "cluster-admin", "", "cluster-admin", "{kind: Group, name: 'system:masters'}, {kind: User, name: jo}"), "User jo : cluster-admin"},
		{"another role in it", bind("ClusterRoleBinding", "'system:kube-dns'", "", "cluster-admin", "{kind: ServiceAccount, name: kube-dns, namespace: kube-system}"),
			"ServiceAccount kube-system/kube-dns : everything"},
		{"more for everybody", role("'system:basic-user'", "rules: ["+secrets+"]"), "Group system:authenticated : secrets"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r, err := modelOf(t, read(t, header+row.objects)).Report()
			require.NoError(t, err)
			var got []string
			for _, s := range r.Subjects {
				for _, c := range s.Cells {
					got = append(got, fmt.Sprintf("%s %s: %s", s, c.Namespace, strings.Join(c.May, ", ")))
				}
			}
			require.Equal(t, row.want, strings.Join(got, "; "))
		})
	}
}
