package shipped_test

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// README is what a stranger reads first, and reads whole.
func TestReadmeIsShort(t *testing.T) {
	require.LessOrEqual(t, strings.Count(text(t, "README.md"), "\n"), 130)
}

// TestPagesAreFound says that README leads to every page.
func TestPagesAreFound(t *testing.T) {
	pages, err := filepath.Glob("docs/*.md")
	require.NoError(t, err)
	readme := text(t, "README.md") + text(t, "CONTRIBUTING.md")
	for _, page := range pages {
		require.Contains(t, readme, "("+page, "README.md and CONTRIBUTING.md have no link to it")
	}
}

var (
	fenced = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	spans  = regexp.MustCompile("``.+?``|`[^`\n]*`")
	link   = regexp.MustCompile(`\]\(([^)\s]+)\)|(?:href|src|srcset)="([^"]+)"`)
	// heading is of the kind #, with its text.
	heading = regexp.MustCompile(`(?m)^#{1,6} +(.*?) *#*$`)
	// mention is a page that a sentence, a comment or a message names, from the top of
	// the repository, or by its address on GitHub.
	mention = regexp.MustCompile(`(?:^|[^\w/.-]|github\.com/istio-tenancy/istio-tenancy/blob/main/)((?:(?:docs|examples|bases|plugin|e2e)/[\w./-]*|[A-Z_]+)\.md)(#[\w-]+)?`)
)

// TestLinksOfPages follows every relative link of every page, to its heading.
func TestLinksOfPages(t *testing.T) {
	followed := 0
	for _, page := range filesOf(t, ".md") {
		prose := spans.ReplaceAllString(fenced.ReplaceAllString(text(t, page), ""), "")
		for _, l := range link.FindAllStringSubmatch(prose, -1) {
			target := l[1] + l[2]
			if strings.Contains(target, "://") {
				continue
			}
			followed++
			assert.NoError(t, leads(path.Dir(page), page, target), "%s: the link %s", page, target)
		}
	}
	require.Greater(t, followed, 300)
}

// TestMentionsOfPages looks at what pages, sources, manifests and messages say of a page.
func TestMentionsOfPages(t *testing.T) {
	found := 0
	for _, file := range filesOf(t, ".md", ".go", ".yaml", ".yml", ".json", "Makefile") {
		if file == "CHANGELOG.md" { // has pages of its time
			continue
		}
		for _, m := range mention.FindAllStringSubmatch(text(t, file), -1) {
			dir := "."
			if !strings.Contains(m[1], "/") { // README.md is that beside the file, or the first
				if _, err := os.Stat(filepath.Join(path.Dir(file), m[1])); err == nil {
					dir = path.Dir(file)
				}
			}
			found++
			assert.NoError(t, leads(dir, file, m[1]+m[2]), "%s names %s%s", file, m[1], m[2])
		}
	}
	require.Greater(t, found, 100)
}

// leads says where a target, as seen from a page in dir, leads to nothing.
func leads(dir, page, target string) error {
	file, anchor, _ := strings.Cut(target, "#")
	if file == "" {
		file = page
	} else {
		file = path.Join(dir, file)
	}
	if _, err := os.Stat(file); err != nil {
		return err
	}
	if anchor == "" || path.Ext(file) != ".md" {
		return nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if known := anchors(string(data)); !slices.Contains(known, anchor) {
		return fmt.Errorf("%s has no heading #%s", file, anchor)
	}
	return nil
}

// anchors are the addresses that GitHub gives to the headings of a page.
func anchors(page string) []string {
	var all []string
	for _, h := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(page, ""), -1) {
		words := regexp.MustCompile(`\[([^]]*)\]\([^)]*\)`).ReplaceAllString(h[1], "$1")
		anchor := strings.Map(func(r rune) rune {
			switch {
			case r == ' ' || r == '-':
				return '-'
			case r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, words)
		again := anchor
		for n := 1; slices.Contains(all, again); n++ {
			again = fmt.Sprintf("%s-%d", anchor, n)
		}
		all = append(all, again)
	}
	return all
}

// filesOf are the files of the repository whose names end so.
func filesOf(t *testing.T, ends ...string) []string {
	t.Helper()
	var files []string
	require.NoError(t, filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		made := []string{".git", ".manifests", ".logs", "bin", "demo", "rendered", "node_modules", "dist"}
		if entry.IsDir() && (slices.Contains(made, name) || name == "testdata") {
			return fs.SkipDir
		}
		if entry.Type().IsRegular() && slices.ContainsFunc(ends, func(end string) bool { return strings.HasSuffix(name, end) }) {
			files = append(files, file)
		}
		return nil
	}))
	require.NotEmpty(t, files)
	return files
}

func text(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(data)
}
