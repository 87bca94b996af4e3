package checklist

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// Where the source of istiod says what it reads.
const (
	featuresDir  = "pilot/pkg/features"
	electionFile = "pilot/pkg/leaderelection/leaderelection.go"
	kindsFile    = "pkg/config/schema/metadata.yaml"
)

var (
	// variableDirs hold the packages that istiod is built of.
	variableDirs = []string{"pilot/cmd/pilot-discovery", "pilot/pkg", "pkg", "security/pkg"}
	// skippedDirs hold what is in no istiod.
	skippedDirs = []string{"pkg/test", "pkg/envoy", "pkg/istio-agent", "pkg/bootstrap", "pkg/fuzz"}
	// flagDirs hold the arguments of its command line.
	flagDirs = []string{"pilot/cmd/pilot-discovery/app", "pkg/keepalive", "pkg/ctrlz", "pkg/log"}
)

// source adds what the source of istiod says.
func source(module fs.FS, facts *Facts) error {
	for _, dir := range variableDirs {
		if err := eachFile(module, dir, "env.Register", func(f *ast.File) { variables(f, facts) }); err != nil {
			return err
		}
		if err := eachFile(module, dir, "os.Getenv", func(f *ast.File) { variables(f, facts) }); err != nil {
			return err
		}
	}
	for _, dir := range flagDirs {
		if err := eachFile(module, dir, "Var", func(f *ast.File) { flags(f, facts) }); err != nil {
			return err
		}
	}
	if err := eachFile(module, path.Dir(electionFile), "istio-", func(f *ast.File) { locks(f, facts) }); err != nil {
		return err
	}
	return watched(module, facts)
}

// eachFile parses the Go files below dir that contain text, tests left out. A
// folder that this version does not have says nothing.
func eachFile(module fs.FS, dir, text string, do func(*ast.File)) error {
	if _, err := fs.Stat(module, dir); err != nil {
		return nil
	}
	return fs.WalkDir(module, dir, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (slices.Contains(skippedDirs, name) || path.Base(name) == "testdata"):
			return fs.SkipDir
		case d.IsDir() || path.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		source, err := fs.ReadFile(module, name)
		if err != nil || !bytes.Contains(source, []byte(text)) {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, source, 0)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		do(file)
		return nil
	})
}

// variables adds those that a file registers: env.Register(NAME, DEFAULT,
// DESCRIPTION), or by a function of its own that is called like that; and those
// that it asks the system for.
func variables(file *ast.File, facts *Facts) {
	constants := constantsOf(file)
	ast.Inspect(file, func(n ast.Node) bool {
		call, name, ok := callOf(n)
		switch {
		case !ok:
		case registers.MatchString(name) && len(call.Args) >= 2:
			variable, ok := literal(call.Args[0])
			if !ok {
				variable, ok = constants[text(call.Args[0])]
			}
			if ok && shouted.MatchString(variable) {
				facts.Add(Fact{Topic: "feature", Name: variable, Detail: text(call.Args[1]), About: describe(call.Args[2:])})
			}
		case (name == "os.Getenv" || name == "os.LookupEnv") && len(call.Args) == 1:
			if variable, ok := literal(call.Args[0]); ok {
				facts.Add(Fact{Topic: "feature", Name: variable, Detail: "no default"})
			}
		}
		return true
	})
}

var (
	registers = regexp.MustCompile(`^(env\.R|r)egister`)
	shouted   = regexp.MustCompile(`^[A-Z][A-Z0-9_]+$`)
)

// constantsOf are the texts that a file gives a name.
func constantsOf(file *ast.File) map[string]string {
	constants := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for i, name := range spec.Names {
			if i < len(spec.Values) {
				if value, ok := literal(spec.Values[i]); ok {
					constants[name.Name] = value
				}
			}
		}
		return true
	})
	return constants
}

// flags adds a file's command line: someVar(&field, NAME, DEFAULT, DESCRIPTION).
func flags(file *ast.File, facts *Facts) {
	ast.Inspect(file, func(n ast.Node) bool {
		call, name, ok := callOf(n)
		if !ok || len(call.Args) < 4 {
			return true
		}
		function := name[strings.LastIndexByte(name, '.')+1:]
		rest := call.Args[2:]
		if strings.HasSuffix(function, "VarP") {
			rest = rest[1:]
		} else if !strings.HasSuffix(function, "Var") {
			return true
		}
		if flag, ok := literal(call.Args[1]); ok {
			facts.Add(Fact{Topic: "flag", Name: "--" + flag, Detail: text(rest[0]), About: describe(rest[1:])})
		}
		return true
	})
}

// locks adds the names of the locks that istiods elect a leader by.
func locks(file *ast.File, facts *Facts) {
	for _, decl := range file.Decls {
		constants, ok := decl.(*ast.GenDecl)
		if !ok || constants.Tok != token.CONST {
			continue
		}
		for _, spec := range constants.Specs {
			for _, value := range spec.(*ast.ValueSpec).Values {
				if name, ok := literal(value); ok && strings.HasPrefix(name, "istio-") {
					facts.Add(Fact{Topic: "lock", Name: name})
				}
			}
		}
	}
}

// watched adds the kinds that istiod's informers know.
func watched(module fs.FS, facts *Facts) error {
	text, err := fs.ReadFile(module, kindsFile)
	if err != nil {
		return nil // this version keeps them elsewhere
	}
	var schema struct {
		Resources []struct {
			Kind, Plural, Group, Version string
			ClusterScoped                bool `yaml:"clusterScoped"`
			Synthetic                    bool
		}
	}
	if err := yaml.Unmarshal(text, &schema); err != nil {
		return fmt.Errorf("%s: %w", kindsFile, err)
	}
	for _, r := range schema.Resources {
		if r.Synthetic {
			continue // of no API server
		}
		scope := "Namespaced"
		if r.ClusterScoped {
			scope = "Cluster"
		}
		name := r.Plural
		if r.Group != "" {
			name += "." + r.Group
		}
		facts.Add(Fact{Topic: "watched", Name: r.Kind + " " + name + " " + r.Version, Detail: scope})
	}
	return nil
}

// callOf is a call of a function or of a package's or a value's.
func callOf(n ast.Node) (call *ast.CallExpr, name string, ok bool) {
	call, ok = n.(*ast.CallExpr)
	if !ok {
		return nil, "", false
	}
	function := call.Fun
	if generic, ok := function.(*ast.IndexExpr); ok {
		function = generic.X
	}
	return call, text(function), true
}

func literal(e ast.Expr) (string, bool) {
	basic, ok := e.(*ast.BasicLit)
	if !ok || basic.Kind != token.STRING {
		return "", false
	}
	value, err := strconv.Unquote(basic.Value)
	return value, err == nil
}

// text is an expression as Go writes it.
func text(e ast.Expr) string {
	var out bytes.Buffer
	if err := format.Node(&out, token.NewFileSet(), e); err != nil {
		return fmt.Sprintf("%T", e)
	}
	return out.String()
}

// describe joins the texts in expressions, to the end of the first sentence.
func describe(expressions []ast.Expr) string {
	var all strings.Builder
	for _, e := range expressions {
		ast.Inspect(e, func(n ast.Node) bool {
			if e, ok := n.(ast.Expr); ok {
				if value, ok := literal(e); ok {
					all.WriteString(value)
				}
			}
			return true
		})
	}
	description := oneLine(all.String())
	if i := strings.Index(description, ". "); i > 0 {
		description = description[:i+1]
	}
	return description
}
