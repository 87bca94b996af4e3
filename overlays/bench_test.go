package overlays_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkBuild compares the build of a tenant to the same build with
// /bin/cat for a function, which is what kustomize itself costs. They take
// turns, so that a busy machine is busy for both.
func BenchmarkBuild(b *testing.B) {
	ours, cat := render(b, "istio-tenancy"), render(b, "/bin/cat")
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

// render returns a copy of the sales overlay whose base is plain YAML and whose
// transformer is program.
func render(b *testing.B, program string) string {
	b.Helper()
	dir := newTenant(b, "sales", strings.NewReplacer("path: istio-tenancy", "path: "+program))
	base := filepath.Join(dir, "../../bases/istio/control-plane")
	text := kustomize(b, base, "--enable-alpha-plugins", "--enable-exec")
	require.NoError(b, os.WriteFile(filepath.Join(base, "istio.yaml"), []byte(text), 0o600))
	require.NoError(b, os.WriteFile(filepath.Join(base, "kustomization.yaml"), []byte("resources: [istio.yaml]\n"), 0o600))
	return dir
}

func clock(b *testing.B, dir string) time.Duration {
	start := time.Now()
	kustomize(b, dir, "--enable-alpha-plugins", "--enable-exec")
	return time.Since(start)
}
