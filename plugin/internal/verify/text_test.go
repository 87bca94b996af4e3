package verify

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/check"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/structured"
)

func TestOneLineCountsAllThatIsFound(t *testing.T) {
	r := &Report{Tenants: []Tenant{{Name: "sales", Objects: 3}}, Judged: &check.Report{Tenants: 1, Objects: 200, Findings: []check.Finding{{Severity: check.Warning, Rule: "no-mtls"}}}}
	r.find(Drift, check.Error, "sales", object.ID{Kind: "Namespace", Name: "ns-1"}, "is missing")
	r.find(Rights, check.Error, "sales", object.ID{}, "may")
	var text strings.Builder
	require.NoError(t, r.Text(&text))
	require.Contains(t, text.String(), "\n1 tenant, 200 objects: 2 errors, 1 warning\n")
	require.NotContains(t, text.String(), "no findings")
	require.Equal(t, 1, strings.Count(text.String(), "200 objects"))
	r.Findings, r.Judged = nil, nil
	text.Reset()
	require.NoError(t, r.Text(&text))
	require.Contains(t, text.String(), "\n1 tenant, 3 objects: no findings\n")
}

func TestAFindingIsALineWhateverSomebodyIsCalled(t *testing.T) {
	r := &Report{}
	r.find(Rules, check.Error, "", object.ID{Kind: "ClusterRoleBinding", Name: "more"}, "gives admin to User jo\x1b[2K\nsales: no errors")
	r.miss(Drift, "list pods", errors.New("two\nlines"))
	var text strings.Builder
	require.NoError(t, r.Text(&text))
	require.Contains(t, text.String(), `gives admin to User jo\x1b[2K\nsales: no errors [rules]`+"\n")
	require.Contains(t, text.String(), `could not be asked: list pods: two\nlines [drift]`+"\n")
}

func TestThatNothingWasJudgedIsSaidInJSON(t *testing.T) {
	var text strings.Builder
	require.NoError(t, (&Report{}).Print(&text, structured.JSON))
	var printed map[string]any
	require.NoError(t, json.Unmarshal([]byte(text.String()), &printed))
	found, there := printed["check"]
	require.True(t, there)
	require.Nil(t, found)
}
