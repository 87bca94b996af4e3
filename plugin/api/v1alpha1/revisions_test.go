package v1alpha1

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRevisionErrors(t *testing.T) {
	const at = "IstioTenant sales: spec.controlPlane.revisions"
	for name, c := range map[string]struct{ revisions, want string }{
		"none":       {"[]", at + ": is empty: must be at least 1"},
		"no name":    {"[{}]", at + "[0].name: is missing: The revision that the base states"},
		"twice":      {"[{name: 1-31}, {name: 1-31}]", at + `[1].name: "1-31" is listed twice: list it once`},
		"not first":  {"[{name: 1-31}, {name: default}]", at + `[1].name: "default" is the control plane of the base without a revision`},
		"the first":  {"[{name: default, applicationNamespaces: [ns-1]}]", at + "[0].applicationNamespaces: has no effect: the base without a revision serves every namespace that no other revision lists: leave it out"},
		"foreign":    {"[{name: a}, {name: b, applicationNamespaces: [ns-9]}]", at + `[1].applicationNamespaces[0]: "ns-9" is no application namespace of this tenant: must be one of ns-1 or ns-2`},
		"two":        {"[{name: a}, {name: b, applicationNamespaces: [ns-1]}, {name: c, applicationNamespaces: [ns-1]}]", at + `[2].applicationNamespaces[0]: "ns-1" is served by b already: list it once`},
		"no label":   {`[{name: "1.31"}]`, at + `[0].name: "1.31" is not allowed: must be a DNS label such as "1-31"`},
		"too long":   {"[{name: default}, {name: " + strings.Repeat("x", 40) + "}]\n    revision: " + strings.Repeat("y", 30), at + `[1].name: "xxxxx`},
		"misspelled": {"[{nam: a}]", at + `[0].nam: unknown field: known here are applicationNamespaces, name`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := DecodeTenant([]byte(head + "spec:\n" + admin + "  applicationNamespaces: [ns-1, ns-2]\n  controlPlane:\n    revisions: " + c.revisions + "\n"))
			require.ErrorContains(t, err, c.want)
		})
	}
}

func TestRevisionOf(t *testing.T) {
	tenant, err := DecodeTenant([]byte(head + "spec:\n" + admin + "  applicationNamespaces: [ns-1, ns-2]\n" +
		"  controlPlane: {revision: blue, revisions: [{name: default}, {name: 1-31, applicationNamespaces: [ns-2]}]}\n"))
	require.NoError(t, err)
	require.Equal(t, []string{"blue", "blue-1-31"}, []string{tenant.RevisionNamed("default"), tenant.RevisionNamed("1-31")})
	require.Equal(t, []string{"blue", "blue-1-31"}, []string{tenant.RevisionOf("ns-1"), tenant.RevisionOf("ns-2")})
}

func TestBaseRevision(t *testing.T) {
	for _, revision := range []string{"", "1-31", "a"} {
		got, ofBase := BaseRevision(BaseNamespaceOf(revision))
		require.True(t, ofBase)
		require.Equal(t, revision, got)
	}
	got, ofBase := BaseRevision("istio-system")
	require.False(t, ofBase)
	require.Empty(t, got)
	require.False(t, IsBaseRevision("default"))
	require.False(t, IsBaseRevision("1.31"))
	require.False(t, IsBaseRevision("1-31\n"))
	require.False(t, IsBaseRevision(strings.Repeat("a", 41)))
	require.True(t, IsBaseRevision("1-31"))
}
