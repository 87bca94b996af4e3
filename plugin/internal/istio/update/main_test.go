package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio/checklist"
)

func facts(t *testing.T, text string) checklist.Facts {
	t.Helper()
	read, err := checklist.Read(strings.NewReader(text))
	require.NoError(t, err)
	return read
}

func TestReportFailsWhileThereIsSomethingToLookAt(t *testing.T) {
	known := facts(t, "feature: PILOT_A = true\nlock: istio-leader\n")
	var out strings.Builder
	require.NoError(t, report(&out, checklist.Compare(facts(t, "feature: PILOT_A = true\n"), known)), "what is gone is only a note")
	require.Contains(t, out.String(), "0 items to review, 1 no longer there")

	out.Reset()
	err := report(&out, checklist.Compare(facts(t, "feature: PILOT_A = true\nfeature: PILOT_B = 1\nlock: istio-leader\n"), known))
	require.EqualError(t, err, `1 items to review, each of which may need an addition to the catalogue: then run "make istio-accept". `+
		"go.mod has this version already. The exit status only says that the list is not empty")
	require.Contains(t, out.String(), "- [ ] feature: PILOT_B = 1\n")
}
