package e2e

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/istio-tenancy/istio-tenancy/e2e/cluster"
	"github.com/stretchr/testify/require"
)

// verified is what verify -o json prints, as far as tests read it.
type verified struct {
	Requests int `json:"requests"`
	Tenants  []struct {
		Name          string   `json:"name"`
		Questions     int      `json:"questions"`
		Objects       int      `json:"objects"`
		ControlPlanes []string `json:"controlPlanes"`
		Until         string   `json:"certificatesUntil"`
	} `json:"tenants"`
	Findings []verifyFinding `json:"findings"`
	Unasked  []struct {
		Part   string `json:"part"`
		What   string `json:"what"`
		Why    string `json:"why"`
		Denied bool   `json:"denied"`
	} `json:"unasked"`
	Check struct {
		Findings []verifyFinding `json:"findings"` // with an object
		Errors   []string        `json:"errors"`
	} `json:"check"`

	code      int
	stderr    string
	processor time.Duration
}

type verifyFinding struct {
	Part      string `json:"part"`
	Rule      string `json:"rule"`
	Severity  string `json:"severity"`
	Tenant    string `json:"tenant"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Message   string `json:"message"`
	Object    struct {
		Kind, Namespace, Name string
	} `json:"object"`
}

// verify runs the command as a user, over the overlays of tenants.
func (w *world) verify(t *testing.T, user string, names []string, flags ...string) (v verified) {
	t.Helper()
	kubeconfig, err := w.cluster.UserKubeconfig(user)
	require.NoError(t, err)
	args := append([]string{"verify", "--kubeconfig", kubeconfig, "-o", "json"}, flags...)
	for _, name := range names {
		args = append(args, "overlays/"+name)
	}
	command := exec.Command(filepath.Join(w.source.Tools, "istio-tenancy"), args...)
	command.Dir = w.source.Dir
	command.Env = []string{"HOME=" + w.source.Dir}
	out, err := command.Output()
	var failed *exec.ExitError
	if err != nil {
		require.ErrorAs(t, err, &failed)
		v.code, v.stderr = failed.ExitCode(), string(failed.Stderr)
	}
	v.processor = command.ProcessState.UserTime() + command.ProcessState.SystemTime()
	require.NoError(t, json.Unmarshal(out, &v), "%s\n%s", out, v.stderr)
	return v
}

func (v verified) errors() (found []verifyFinding) {
	for _, all := range [][]verifyFinding{v.Findings, v.Check.Findings} {
		for _, f := range all {
			if f.Severity == "error" {
				found = append(found, f)
			}
		}
	}
	return found
}

// injectorOf is the configuration of a tenant's injector.
func injectorOf(tenant *tenant) *cluster.Object {
	for _, o := range tenant.objects {
		if o.GetKind() == "MutatingWebhookConfiguration" {
			return o
		}
	}
	return &cluster.Object{}
}
