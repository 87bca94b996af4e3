package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/istio-tenancy/istio-tenancy/e2e/checkout"
	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

// build lays sales over the shipped base and further objects, as kustomize has
// the function do it: a ResourceList on stdin, one on stdout.
type build struct {
	tenant *cluster.Object
	base   []any
}

func newBuild(t *testing.T, source checkout.Checkout) build {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(source.Dir, "overlays/sales/tenant.yaml"))
	require.NoError(t, err)
	tenant, err := cluster.Parse(text)
	require.NoError(t, err)
	objects, err := source.Render("bases/istio/control-plane")
	require.NoError(t, err)
	b := build{tenant: tenant[0]}
	for _, o := range objects {
		b.base = append(b.base, o.Object)
	}
	return b
}

// run runs the function once.
func (b build) run(t *testing.T, all []*candidate, namespacedKinds ...string) (objects []*cluster.Object, stderr string) {
	t.Helper()
	tenant := b.tenant.DeepCopy()
	if len(namespacedKinds) > 0 {
		var list []any
		for _, kind := range namespacedKinds {
			list = append(list, kind)
		}
		tenant.Object["spec"].(map[string]any)["namespacedKinds"] = list
	}
	items := append([]any{}, b.base...)
	for _, one := range all {
		items = append(items, one.object)
	}
	list, err := json.Marshal(map[string]any{
		"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": items, "functionConfig": tenant.Object,
	})
	require.NoError(t, err)
	cmd := exec.Command(filepath.Join(tools, "istio-tenancy"))
	var out, problems bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(list), &out, &problems
	if err := cmd.Run(); err != nil {
		require.Empty(t, out.String(), "nothing half-written")
		return nil, problems.String()
	}
	result, err := cluster.Parse(out.Bytes())
	require.NoError(t, err)
	made, err := result[0].ToList()
	require.NoError(t, err)
	for i := range made.Items {
		objects = append(objects, &made.Items[i])
	}
	return objects, problems.String()
}

var itemNumber = regexp.MustCompile(`items\[(\d+)\]`)

// judge takes out what the function refuses by name, until it accepts the rest.
// Each step of the function names all that it refuses.
func (b build) judge(t *testing.T, all []*candidate, namespacedKinds ...string) []*candidate {
	t.Helper()
	byToken := map[string]*candidate{}
	for _, one := range all {
		byToken[one.token] = one
	}
	left := all
	for step := 1; ; step++ {
		objects, stderr := b.run(t, left, namespacedKinds...)
		if objects != nil {
			for _, o := range objects {
				for token := range tokensIn(o.GetName()) {
					byToken[token].placed = o
				}
			}
			for _, one := range left {
				if one.placed == nil && strings.Contains(stderr, one.token) {
					one.refused = "dropped, with a warning"
				}
				require.False(t, one.placed == nil && one.refused == "", "%s: is gone without a word", one)
			}
			return all
		}
		for line := range strings.Lines(stderr) {
			if strings.Contains(line, "warning: ") {
				continue
			}
			for token := range tokensIn(line) {
				byToken[token].refused, byToken[token].step = line, step
			}
			if at := itemNumber.FindStringSubmatch(line); at != nil {
				i, err := strconv.Atoi(at[1])
				require.NoError(t, err)
				left[i-len(b.base)].refused = line
			}
		}
		var next []*candidate
		for _, one := range left {
			if one.refused == "" {
				next = append(next, one)
			}
		}
		require.Less(t, len(next), len(left), "refused, and no object is named:\n%s", stderr)
		left = next
	}
}
