package checklist_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio/checklist"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio/module"
)

// The version that go.mod names has nothing that nobody has looked at, and
// everything that is known. What fails here is for "make istio" to list.
func TestTheVersionInUseIsKnown(t *testing.T) {
	current, err := module.Current(t.Context(), ".")
	require.NoError(t, err)
	facts, err := checklist.Of(os.DirFS(current.Dir))
	require.NoError(t, err)
	known, err := checklist.Known()
	require.NoError(t, err)
	list := checklist.Compare(facts, known)
	var out strings.Builder
	require.NoError(t, list.Write(&out))
	require.Empty(t, list.Items, out.String())
	require.Empty(t, list.Gone, out.String())
}

// Each lock is a ConfigMap that verify knows, or a Lease, at which it does not look.
func TestTheLocksInUseAreKnown(t *testing.T) {
	known, err := checklist.Known()
	require.NoError(t, err)
	leases := []string{"istio-gateway-deployment", "istio-gateway-inferencepool"}
	found := 0
	for _, fact := range known.All() {
		if fact.Topic == "lock" {
			found++
			require.True(t, istio.IsLock(fact.Name) || slices.Contains(leases, fact.Name), fact.Name)
		}
	}
	require.Greater(t, found, 5)
}

func read(t *testing.T, text string) checklist.Facts {
	t.Helper()
	facts, err := checklist.Read(strings.NewReader(text))
	require.NoError(t, err)
	return facts
}

func TestCompare(t *testing.T) {
	known := read(t, `
# a comment
feature: PILOT_A = true
feature: PILOT_GONE = 1
name: Deployment istiod
right: istiod in the cluster: pods = get list
`)
	version := read(t, `
feature: PILOT_A = false
feature: PILOT_B = ""
name: Deployment istiod
right: istiod in the cluster: pods = get list watch
`)
	var out strings.Builder
	require.NoError(t, checklist.Compare(version, known).Write(&out))
	require.Equal(t, `right (a right of a ServiceAccount. The catalogue says where a tenant has it)

- [ ] right: istiod in the cluster: pods = get list watch, was get list

feature (an environment variable that istiod reads. It may extend or limit what istiod sees)

- [ ] feature: PILOT_A = false, was true
- [ ] feature: PILOT_B = ""

Known, but no longer there (older versions may still have it)

- feature: PILOT_GONE = 1

3 items to review, 1 no longer there
`, out.String())
}

func TestWhatIsWrittenIsRead(t *testing.T) {
	text := "kind: Gateway gateways.networking.istio.io = Namespaced v1\nport: Service istiod: 443 = https-webhook TCP 15017\nlock: istio-leader\n"
	var out strings.Builder
	require.NoError(t, read(t, text).Write(&out))
	require.Equal(t, "kind: Gateway gateways.networking.istio.io = Namespaced v1\nport: Service istiod: 443 = https-webhook TCP 15017\nlock: istio-leader\n", out.String())
}

func TestReadRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"lock: a\nlocks: b\n":              `line 2: found "locks: b". Write "TOPIC: NAME = DETAIL", with one of these topics: version, refusal,`,
		"lock":                             `line 1: found "lock"`,
		"feature: A = 1\n\nfeature: A = 2": "line 3: feature: A exists twice. Remove one of the lines",
	} {
		_, err := checklist.Read(strings.NewReader(text))
		require.ErrorContains(t, err, want)
	}
}

// TestWhatTheCatalogueMustAnswerIsOpen: to have looked at it is not enough.
func TestWhatTheCatalogueMustAnswerIsOpen(t *testing.T) {
	var facts checklist.Facts
	facts.Add(
		checklist.Fact{Topic: "gap", Name: "right", Detail: "minds"}, checklist.Fact{Topic: "warning", Name: "w"},
		checklist.Fact{Topic: "kind", Name: "Mind"},
	)
	require.Equal(t, []string{"gap: right = minds", "warning: w"}, facts.Open())
}
