package cli

import (
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/access"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/check"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/commonbase"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/printable"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/regular"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/render"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/scaffold"
)

// completer says what a shell offers for a word that is begun, beside words that are there.
type completer = cobra.CompletionFunc

// completers are those of each command: of its arguments, and of its flags by their names.
var completers = map[string]struct {
	arguments completer
	flags     map[string]completer
}{
	"access":  {overlays, map[string]completer{"output": words("table", "json", "yaml", "html"), "as": administrators, "can": questions}},
	"check":   {overlays, map[string]completer{"output": words(formatsOfCheck()...), "fail-on": severities, "tenant": tenants}},
	"explain": {atMostOne(words(rules()...)), nil},
	"init":    {atMostOne(directories), map[string]completer{"gitops": words(scaffold.Tools()...), "ci": words("github")}},
	"install": {atMostOne(directories), nil},
	"new":     {nothing, map[string]completer{"mesh": words("dedicated", "shared", "host"), "base": directories, "output": directories}},
	"render":  {overlays, map[string]completer{"output": directories}},
	"schema":  {atMostOne(words(v1alpha1.Kinds()...)), nil},
	"split":   {nothing, map[string]completer{"output": directories}},
	"summary": {nil, map[string]completer{"output": words("text", "table", "json", "yaml")}},
	"upgrade": {overlays, map[string]completer{"output": words("text", "json", "yaml"), "to": directories, "from": directories}},
	"verify":  {overlays, map[string]completer{"output": words("text", "json", "yaml"), "fail-on": severities}},
	"version": {nothing, map[string]completer{"output": words("text", "json", "yaml")}},
}

var severities = words("error", "warning", "note", "none")

// complete has a shell complete what the commands take. A flag that is gone is completed
// no more, which a test sees.
func complete(root *cobra.Command) {
	for _, cmd := range root.Commands() {
		of := completers[cmd.Name()]
		if of.arguments != nil {
			cmd.ValidArgs, cmd.ValidArgsFunction = nil, readable(of.arguments)
		}
		for flag, f := range of.flags {
			_ = cmd.RegisterFlagCompletionFunc(flag, readable(f))
		}
	}
}

// readable leaves out names that a terminal would obey, or that are longer than a line.
func readable(next completer) completer {
	return func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		list, directive := next(cmd, args, word)
		return slices.DeleteFunc(slices.Clone(list), func(text string) bool {
			text = strings.ReplaceAll(text, "\t", " ") // before a description
			return printable.Text(text) != text
		}), directive
	}
}

func rules() (ids []string) {
	for _, r := range check.Rules() {
		ids = append(ids, r.ID+"\t"+r.Line)
	}
	return ids
}

func formatsOfCheck() (names []string) {
	for _, f := range check.Formats() {
		names = append(names, string(f))
	}
	return names
}

func words(list ...string) completer {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return list, cobra.ShellCompDirectiveNoFileComp
	}
}

func nothing(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveNoFileComp
}

func directories(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

func atMostOne(next completer) completer {
	return func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nothing(cmd, args, word)
		}
		return next(cmd, args, word)
	}
}

// overlays are the directories of tenants, those that hold several, and common bases, which
// begin as the word does. Where there is none, the shell offers files.
func overlays(_ *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	var found []string
	tenantsIn := map[string]int{}
	walk(word, func(dir string) {
		switch {
		case isFile(filepath.Join(dir, tenantFile)):
			tenantsIn[path.Dir(dir)]++
			found = append(found, dir)
		case path.Base(dir) == path.Base(scaffold.Common):
			if file, _ := commonbase.In(dir); file != "" && !render.IsOutput(dir) {
				found = append(found, dir)
			}
		}
	})
	for dir, count := range tenantsIn {
		if count > 1 && dir != "." {
			found = append(found, dir)
		}
	}
	found = slices.DeleteFunc(found, func(dir string) bool { return !strings.HasPrefix(dir, word) || slices.Contains(args, dir) })
	if len(found) == 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	slices.Sort(found)
	return found, cobra.ShellCompDirectiveNoFileComp
}

// tenants are those of the overlays below the working directory, with their namespaces, as
// check has them.
func tenants(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return ofTenants(func(t v1alpha1.IstioTenant) []string {
		return []string{t.Name() + "=" + strings.Join(append([]string{t.Spec.ControlPlane.Namespace}, t.Spec.ApplicationNamespaces...), ",")}
	})
}

// administrators are those of the same overlays, and who may read.
func administrators(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return ofTenants(func(t v1alpha1.IstioTenant) (all []string) {
		for _, s := range slices.Concat(t.Spec.Admins, t.Spec.Viewers) {
			all = append(all, s.Kind+":"+strings.TrimPrefix(s.Namespace+"/"+s.Name, "/")+"\tof tenant "+t.Name())
		}
		return all
	})
}

// questions are the words of a question that is begun: its verb, and, after -n, a namespace
// of the same overlays.
func questions(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
	begun := word[:strings.LastIndex(word, " ")+1]
	switch {
	case begun == "":
		return access.Verbs(), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	case !strings.HasSuffix(begun, " -n "):
		return nothing(cmd, args, word)
	}
	return ofTenants(func(t v1alpha1.IstioTenant) (all []string) {
		for _, namespace := range append([]string{t.Spec.ControlPlane.Namespace}, t.Spec.ApplicationNamespaces...) {
			all = append(all, begun+namespace)
		}
		return all
	})
}

func ofTenants(words func(v1alpha1.IstioTenant) []string) (found []string, _ cobra.ShellCompDirective) {
	walk("", func(dir string) {
		text, err := regular.Read(filepath.Join(dir, tenantFile), regular.LargestConfiguration)
		if err != nil {
			return
		}
		if t, err := v1alpha1.DecodeTenant(text); err == nil {
			found = append(found, words(t)...)
		}
	})
	slices.Sort(found)
	return slices.Compact(found), cobra.ShellCompDirectiveNoFileComp
}

// walk visits the directories to which a word may lead, not deeper than bases/istio/common:
// whoever presses a key does not wait for all of a disk.
func walk(word string, visit func(dir string)) {
	const deepest = 3
	from, _ := path.Split(word)
	start := path.Clean(from)
	_ = filepath.WalkDir(start, func(dir string, entry fs.DirEntry, err error) error { // what cannot be read is not offered
		if err != nil || !entry.IsDir() {
			return nil //nolint:nilerr // see above
		}
		if dir == start {
			return nil
		}
		below, err := filepath.Rel(start, dir)
		if err != nil || strings.HasPrefix(entry.Name(), ".") || strings.Count(below, string(filepath.Separator)) >= deepest {
			return fs.SkipDir
		}
		dir = filepath.ToSlash(dir)
		if strings.HasPrefix(from, "./") {
			dir = "./" + dir
		}
		visit(dir)
		return nil
	})
}
