package shipped_test

import (
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/clitest"
)

// BenchmarkBuild compares the build of a tenant to the same build with
// /bin/cat for the transformer, which is what kustomize and the base cost
// without it. They take turns, so that a busy machine is busy for both.
func BenchmarkBuild(b *testing.B) {
	ours := newTenant(b, "sales", strings.NewReplacer())
	cat := newTenant(b, "sales", strings.NewReplacer("path: istio-tenancy", "path: /bin/cat"))
	var took, catTook time.Duration
	for b.Loop() {
		took += clock(b, ours)
		catTook += clock(b, cat)
	}
	n := float64(b.N)
	b.ReportMetric(float64(took.Milliseconds())/n, "ms/build")
	b.ReportMetric(float64(catTook.Milliseconds())/n, "ms/cat")
	b.ReportMetric(float64(took)/float64(catTook), "ratio")
	b.ReportMetric(0, "ns/op")
}

func clock(b *testing.B, dir string) time.Duration {
	start := time.Now()
	cmd := exec.Command("kustomize", append([]string{"build", dir}, clitest.Functions...)...)
	require.NoError(b, cmd.Run())
	return time.Since(start)
}
