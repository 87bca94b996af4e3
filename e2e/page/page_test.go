package page_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// tenants writes manifests of tenants of two namespaces, each with an administrator.
// The first lets in the second, and the third one's ServiceAccount may read the fourth.
func tenants(t *testing.T, n int) (dir string, names []string) {
	t.Helper()
	dir = t.TempDir()
	for i := range n {
		name := fmt.Sprintf("team-%03d", i)
		names = append(names, name)
		text := `
apiVersion: v1
kind: Namespace
metadata: {name: istio-NAME, labels: {istio-tenancy.dev/tenant: NAME}}
---
apiVersion: v1
kind: Namespace
metadata: {name: app-NAME, labels: {istio-tenancy.dev/tenant: NAME}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: admin, namespace: app-NAME, labels: {istio-tenancy.dev/tenant: NAME}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: admin}
subjects: [{kind: User, name: NAME-admin}, {kind: Group, name: everywhere}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: view, namespace: istio-NAME, labels: {istio-tenancy.dev/tenant: NAME}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: User, name: NAME-admin}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: own, namespace: app-NAME, labels: {istio-tenancy.dev/tenant: NAME}}
spec: {podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: own, namespace: istio-NAME, labels: {istio-tenancy.dev/tenant: NAME}}
spec: {podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}
`
		require.NoError(t, os.WriteFile(filepath.Join(dir, name+".yaml"), []byte(strings.ReplaceAll(text, "NAME", name)), 0o600))
	}
	const links = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: opens, namespace: app-team-000}
spec: {podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: app-team-001}}}]}]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: opens, namespace: app-team-001}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: ServiceAccount, name: reader, namespace: app-team-000}]
`
	require.NoError(t, os.WriteFile(filepath.Join(dir, "links.yaml"), []byte(links), 0o600))
	return dir, names
}

// contrast is the least contrast of a text with what it stands on, and which text it is.
const contrast = `(() => {
  const parse = (text) => text.match(/[\d.]+/g).map(Number);
  const light = (c) => c.slice(0, 3).map((v) => v / 255).map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (e) => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; } return [255, 255, 255]; };
  let worst = [99, ''];
  for (const e of document.querySelectorAll('h1, h2, p, li, th, td, small, .chip, label, summary, dt, dd, a, caption, #count, #keys')) {
    if (e.closest('svg') || !e.textContent.trim()) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < worst[0]) worst = [ratio, e.className + ' ' + e.textContent.trim().slice(0, 40)];
  }
  return worst;
})()`

// All tenants are drawn and listed, nothing scrolls to the side but what has a place of
// its own for it, and all text can be read, in the light and in the dark.
func TestPage(t *testing.T) {
	two, _ := tenants(t, 2)
	twoHundred, _ := tenants(t, 200)
	for _, c := range []struct {
		name, file string
		tenants    int
	}{
		{"shipped", write(t, "../../overlays/dev", "../../overlays/sales"), 2}, {"2", write(t, two), 2}, {"200", write(t, twoHundred), 200},
	} {
		colours := map[string]string{}
		for _, scheme := range []string{"light", "dark"} {
			for _, width := range []int64{1280, 390} {
				t.Run(fmt.Sprint(c.name, " ", scheme, " ", width), func(t *testing.T) {
					b := open(t, c.file, width, scheme)
					b.shot(fmt.Sprint(c.name, "-", scheme, "-", width))
					require.Equal(t, c.tenants, eval[int](b, `new Set(Array.from(document.querySelectorAll('svg [data-tenant]')).map((e) => e.dataset.tenant)).size`))
					require.True(t, eval[bool](b, `Array.from(document.querySelectorAll('svg[data-keys] a[data-box]')).every((e) => {
						const of = e.closest('svg').getBoundingClientRect(), at = e.getBoundingClientRect();
						return at.width > 100 && at.height > 30 && at.left >= of.left && at.right <= of.right && at.bottom <= of.bottom && e.textContent.trim() && e.getAttribute('aria-label');
					})`), "each box is in the drawing and has a name")
					require.Equal(t, 0, eval[int](b, `(() => {
						const at = Array.from(document.querySelectorAll('svg[data-keys] a[data-box] > rect.box')).map((e) => e.getBoundingClientRect());
						return at.filter((a, i) => at.some((b, j) => i < j && a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)).length;
					})()`), "boxes that cover another")
					require.Empty(t, eval[[]string](b, `Array.from(document.querySelectorAll('svg[data-keys] a[data-box] text')).filter((e) => {
						const of = e.closest('a').querySelector('rect').getBoundingClientRect(), at = e.getBoundingClientRect();
						return at.left < of.left - 1 || at.right > of.right || at.bottom > of.bottom;
					}).map((e) => e.textContent)`), "texts that leave their box")
					require.Equal(t, c.tenants, eval[int](b, `Array.from(document.querySelectorAll('section.tenant[id^="tenant-"]')).filter((s) => s.querySelector('table caption') && s.querySelector('th[scope=col]') && s.querySelector('th[scope=row]')).length`))
					require.Equal(t, []int64{width, width}, eval[[]int64](b, `[document.documentElement.scrollWidth, document.body.scrollWidth].map((w) => Math.max(w, innerWidth))`), "no horizontal scroll")
					worst := eval[[]any](b, contrast)
					require.GreaterOrEqual(t, worst[0], 4.5, "contrast of %v", worst[1])
					colours[scheme] = eval[string](b, `getComputedStyle(document.body).backgroundColor`)
				})
			}
		}
		require.NotEqual(t, colours["light"], colours["dark"])
	}
}

// A page can be used without a mouse.
func TestKeyboard(t *testing.T) {
	dir, _ := tenants(t, 200)
	b := open(t, write(t, dir), 1280, "light")
	focused := func(what string) string { t.Helper(); return eval[string](b, `document.activeElement.`+what) }

	b.keys(kb.Tab)
	require.Equal(t, "skip", focused("className"))
	require.True(t, eval[bool](b, `document.activeElement.getBoundingClientRect().left >= 0`), "the link to skip is seen")
	b.keys(kb.Enter)
	require.Equal(t, "main", focused("id"))

	b.press("/", "/", 191)
	require.Equal(t, "filter", focused("id"))
	b.keys("t", "e", "a", "m", "-", "1", "4", "2")
	require.Equal(t, "1 of 200 shown", eval[string](b, `document.getElementById('count').textContent`))
	require.Equal(t, []string{"tenant-team-142"}, eval[[]string](b, `Array.from(document.querySelectorAll('section.tenant')).filter((s) => s.offsetParent).map((s) => s.id)`))
	require.Equal(t, []string{"tenant-team-142"}, eval[[]string](b, `Array.from(document.querySelectorAll('a[data-box]')).filter((e) => getComputedStyle(e).display !== 'none').map((s) => s.dataset.box)`))
	require.True(t, eval[bool](b, `(() => {
		const of = document.querySelector('.drawn').getBoundingClientRect(), at = document.querySelector('a[data-box="tenant-team-142"]').getBoundingClientRect();
		return at.top >= of.top && at.bottom <= of.bottom && at.left >= of.left && at.right <= of.right;
	})()`), "the drawing shows what is found")

	b.keys(kb.Tab) // the region, and then its table
	require.Equal(t, "region", focused("className"))
	require.NotEqual(t, "none", eval[string](b, `getComputedStyle(document.activeElement).outlineStyle`), "what has the focus is seen")
	b.keys(kb.Tab)
	require.Equal(t, "TD", focused("tagName"))
	require.Equal(t, "admin", focused("textContent"))
	require.NotEqual(t, "none", eval[string](b, `getComputedStyle(document.activeElement).outlineStyle`))
	b.keys(kb.ArrowRight)
	require.Equal(t, "view", focused("textContent"))
	b.keys(kb.ArrowDown)
	require.Equal(t, "nothing", focused("textContent"))
	b.keys(kb.ArrowDown, kb.ArrowUp, kb.Home, kb.End, kb.ArrowUp)
	require.Equal(t, "view", focused("textContent"))
	b.shot("keyboard")
	b.press("Enter", "\r", 13)
	require.Equal(t, "Close", focused("textContent"))
	require.Equal(t, "User team-142-admin in istio-team-142", eval[string](b, `document.querySelector('dialog[open] h2').textContent`))
	require.Contains(t, eval[string](b, `document.querySelector('dialog[open] ul').textContent`), "view, by RoleBinding istio-team-142/view (")
	b.shot("dialog")
	b.keys(kb.Escape)
	require.Equal(t, "view", focused("textContent"), "the focus is back")

	b.press("/", "/", 191)
	eval[bool](b, `(() => { const f = document.getElementById('filter'); f.value = ''; return f.dispatchEvent(new Event('input')); })()`)
	require.Equal(t, "200 of 200 shown", eval[string](b, `document.getElementById('count').textContent`))
	eval[bool](b, `document.querySelector('svg [data-box="tenant-team-000"]').focus() === undefined`)
	b.keys(kb.ArrowRight)
	require.Equal(t, "tenant-team-001", focused("dataset.box"))
	b.keys(kb.ArrowDown)
	require.Equal(t, "tenant-team-007", focused("dataset.box"))
	b.keys(kb.Enter)
	require.Equal(t, "#tenant-team-007", eval[string](b, `location.hash`))
	require.Equal(t, 1, eval[int](b, `document.querySelectorAll('svg[data-keys] [tabindex="0"]').length`), "the drawing is one stop of Tab")
}

// What a screen reader is told is there without the drawing: who reaches whom.
func TestInWords(t *testing.T) {
	dir, _ := tenants(t, 2)
	b := open(t, write(t, dir), 1280, "light")
	require.Equal(t, []string{
		"app-team-001 of tenant team-001 may connect to app-team-000, by NetworkPolicy app-team-000/opens, spec.ingress[0], to Pods that no object creates yet",
	}, eval[[]string](b, `Array.from(document.querySelectorAll('#drawing-words li')).map((e) => e.textContent).filter((t) => t.includes('connect'))`))
	require.Contains(t, eval[[]string](b, `Array.from(document.querySelectorAll('#drawing-words li')).map((e) => e.textContent)`), "ServiceAccount app-team-000/reader has rights in tenant team-001")
	require.Equal(t, 4, eval[int](b, `document.querySelectorAll('svg[data-keys] > path.edge').length`), "one by the network, one of a ServiceAccount, two of a group")
}

// Names are text, whatever they say.
func TestNames(t *testing.T) {
	dir, _ := tenants(t, 2)
	hostile := `
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: hostile, namespace: app-team-000}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects:
- {kind: User, name: "</script><script>window.owned = 1</script>"}
- {kind: User, name: "<img src=x onerror='window.owned = 1'>"}
- {kind: Group, name: "\"><svg onload='window.owned = 1'>"}
`
	require.NoError(t, os.WriteFile(filepath.Join(dir, "hostile.yaml"), []byte(hostile), 0o600))
	b := open(t, write(t, dir), 1280, "light")
	require.True(t, eval[bool](b, `window.owned === undefined`))
	require.Equal(t, 0, eval[int](b, `document.querySelectorAll('img').length`))
	require.True(t, eval[bool](b, `document.body.innerText.includes("<img src=x onerror='window.owned = 1'>")`))
	require.True(t, eval[bool](b, `document.querySelector('meta[http-equiv]').content.includes("script-src 'sha256-")`))
}
