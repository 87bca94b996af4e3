package build

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render/build/allow"
)

func TestMistakesInARepositoryThatIsFetchedNameIt(t *testing.T) {
	const lists = "resources: [role.yaml]\n"
	for name, c := range map[string]struct {
		files map[string]string
		want  func(t *testing.T, result Result, url string)
	}{
		"what is refused": {map[string]string{"base/kustomization.yaml": "helmCharts: [{name: x}]\n"}, func(t *testing.T, result Result, url string) {
			require.Len(t, result.Refused, 1)
			require.Regexp(t, `^\Q`+url+`//base/kustomization.yaml: helmCharts[0]: \E`, result.Refused[0])
		}},
		"a key twice": {map[string]string{"base/kustomization.yaml": lists, "base/role.yaml": role + "a\nkind: Role\n"}, func(t *testing.T, result Result, url string) {
			require.Regexp(t, `^\Q`+url+`//base/role.yaml: \E.*mapping key "kind" already defined`, result.Failure)
		}},
		"what is not there": {map[string]string{"base/kustomization.yaml": lists}, func(t *testing.T, result Result, url string) {
			require.Equal(t, []string{url + `//base/kustomization.yaml: resources[0]: found "role.yaml": no such file or directory`}, result.Refused)
		}},
		"what kustomize says": {map[string]string{"base/kustomization.yaml": lists, "base/role.yaml": "kind: Role\n"}, func(t *testing.T, result Result, url string) {
			require.Contains(t, result.Failure, url+"//base")
			require.NotContains(t, result.Failure, fetchedPrefix)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "repo"), c.files)
			for _, args := range [][]string{
				{"init", "-q", "-b", "main"}, {"add", "."}, {"-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "a"},
			} {
				cmd := exec.Command("git", args...)
				cmd.Dir = filepath.Join(dir, "repo")
				out, err := cmd.CombinedOutput()
				require.NoError(t, err, string(out))
			}
			url := "file://" + filepath.ToSlash(dir) + "/repo"
			write(t, dir, map[string]string{"overlay/kustomization.yaml": "resources: ['" + url + "//base?ref=main']\n"})
			c.want(t, serve(t, Request{Dir: filepath.Join(dir, "overlay"), Allow: allow.List{Remote: []string{url}}}), url)
		})
	}
	require.Equal(t, "https://jo:xxxxx@example.com/org/repo", withoutPassword("https://jo:secret@example.com/org/repo"))
}
