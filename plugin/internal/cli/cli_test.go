package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/Masterminds/semver/v3"
	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/require"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/api/v1alpha1"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/cli"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/istio"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/release"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/testing/clitest"
)

func TestMain(m *testing.M) { os.Exit(clitest.Main(m)) }

// The scripts run commands as processes, and beside testscript's own these,
// which prepare what the function reads, and run it:
//
//	list [FILE]          a tenant, or FILE, over the shipped control plane
//	alone [FILE]         the same over no objects
//	raw FILE             the text of a file
//	config PATH=YAML...  sets fields of the functionConfig; no YAML: removes them
//	change KIND NAME PATH=YAML...  sets fields of an object
//	add FILE...          appends the objects of files
//	large BYTES          appends a ConfigMap with a value of that size
//	cut BYTES            keeps only the beginning
//	append TEXT          appends text, in Go's notation
//	refused LINE...      runs the function: exit code 1, nothing on stdout, and on stderr
//	                     exactly as many lines, each of which contains LINE
//	warned LINE...       runs the function: on stderr exactly as many lines, each of which begins with LINE
//	accepted TEXT...     runs the function: its output contains each TEXT
func TestScripts(t *testing.T) {
	base, err := release.Render(release.Options{Part: v1alpha1.PartControlPlane})
	require.NoError(t, err)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		ContinueOnError:     true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("XDG_CACHE_HOME", os.Getenv("XDG_CACHE_HOME"))
			e.Setenv("RELEASE", istio.Release)
			e.Setenv("NEWEST", istio.Newest)
			e.Setenv("NEXT", semver.MustParse(istio.Newest).IncMinor().String())
			e.Values[inputKey{}] = &input{base: base}
			return os.CopyFS(filepath.Join(e.WorkDir, "sales"), os.DirFS("../../../overlays/sales"))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"list": list, "alone": alone, "raw": raw, "config": config, "change": change, "add": add,
			"large": large, "cut": cut, "append": appendText, "refused": refused, "warned": warned, "accepted": accepted,
		},
	})
}

// input is what the function reads next: config and items, or else text.
type input struct {
	base   []*yaml.RNode
	config *yaml.RNode
	items  []*yaml.RNode
	text   string
}

type inputKey struct{}

func inputOf(ts *testscript.TestScript) *input { return ts.Value(inputKey{}).(*input) }

func (in *input) String() string {
	if in.config == nil {
		return in.text
	}
	var text strings.Builder
	list := kio.ByteWriter{
		Writer: &text, FunctionConfig: in.config, WrappingKind: kio.ResourceListKind, WrappingAPIVersion: kio.ResourceListAPIVersion,
	}
	if err := list.Write(in.items); err != nil {
		return err.Error()
	}
	return text.String()
}

func (in *input) setText(text string) { in.config, in.text = nil, text }

func list(ts *testscript.TestScript, neg bool, args []string) {
	alone(ts, neg, args)
	in := inputOf(ts)
	for _, o := range in.base {
		in.items = append(in.items, o.Copy())
	}
}

func alone(ts *testscript.TestScript, _ bool, args []string) {
	file := "sales/tenant.yaml"
	if len(args) > 0 {
		file = args[0]
	}
	in := inputOf(ts)
	in.config, in.items = yaml.MustParse(ts.ReadFile(file)), nil
}

func raw(ts *testscript.TestScript, _ bool, args []string) { inputOf(ts).setText(ts.ReadFile(args[0])) }

func config(ts *testscript.TestScript, _ bool, args []string) { set(ts, inputOf(ts).config, args) }

func change(ts *testscript.TestScript, _ bool, args []string) {
	for _, item := range inputOf(ts).items {
		if item.GetKind() == args[0] && item.GetName() == args[1] {
			set(ts, item, args[2:])
			return
		}
	}
	ts.Fatalf("no %s %s", args[0], args[1])
}

func set(ts *testscript.TestScript, object *yaml.RNode, assignments []string) {
	for _, assignment := range assignments {
		path, value, _ := strings.Cut(assignment, "=")
		parts := strings.Split(path, ".")
		last := len(parts) - 1
		parent, err := object.Pipe(yaml.LookupCreate(yaml.MappingNode, parts[:last]...))
		ts.Check(err)
		if value == "" {
			ts.Check(parent.PipeE(yaml.Clear(parts[last])))
			continue
		}
		ts.Check(parent.PipeE(yaml.FieldSetter{Name: parts[last], Value: yaml.MustParse(value)}))
	}
}

func add(ts *testscript.TestScript, _ bool, files []string) {
	in := inputOf(ts)
	for _, file := range files {
		objects, err := kio.FromBytes([]byte(ts.ReadFile(file)))
		ts.Check(err)
		in.items = append(in.items, objects...)
	}
}

func large(ts *testscript.TestScript, _ bool, args []string) {
	size, err := strconv.Atoi(args[0])
	ts.Check(err)
	if race {
		size /= 10 // what takes 2 s takes 60 s with the race detector
	}
	const word = "istio-system "
	o := yaml.MustParse("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: large}\n")
	o.SetDataMap(map[string]string{"value": strings.Repeat(word, size/len(word))})
	in := inputOf(ts)
	in.items = append(in.items, o)
}

func cut(ts *testscript.TestScript, _ bool, args []string) {
	size, err := strconv.Atoi(args[0])
	ts.Check(err)
	in := inputOf(ts)
	in.setText(in.String()[:size])
}

func appendText(ts *testscript.TestScript, _ bool, args []string) {
	text, err := strconv.Unquote(`"` + strings.ReplaceAll(args[0], `"`, `\"`) + `"`)
	ts.Check(err)
	in := inputOf(ts)
	in.setText(in.String() + text)
}

func run(ts *testscript.TestScript) (code int, stdout, stderr string) {
	var out, errors strings.Builder
	code = cli.Run([]string{}, cli.Streams{In: strings.NewReader(inputOf(ts).String()), Out: &out, Err: &errors})
	return code, out.String(), errors.String()
}

func refused(ts *testscript.TestScript, _ bool, want []string) {
	code, stdout, stderr := run(ts)
	lines := strings.Split(strings.TrimSuffix(stderr, "\n"), "\n")
	if code != 1 || stdout != "" || len(lines) != len(want) {
		ts.Fatalf("exit code %d, %d bytes on stdout, stderr:\n%s", code, len(stdout), stderr)
	}
	for i, line := range lines {
		if !strings.HasPrefix(line, "istio-tenancy: ") || !strings.Contains(line, want[i]) {
			ts.Fatalf("line %d on stderr:\n%s\nmust contain:\n%s", i+1, line, want[i])
		}
	}
	ts.Logf("%s", stderr)
}

func warned(ts *testscript.TestScript, _ bool, want []string) {
	_, _, stderr := run(ts)
	lines := strings.FieldsFunc(stderr, func(r rune) bool { return r == '\n' })
	if len(lines) != len(want) {
		ts.Fatalf("stderr:\n%s\nmust have %d lines", stderr, len(want))
	}
	for i, line := range lines {
		if !strings.HasPrefix(line, want[i]) {
			ts.Fatalf("line %d on stderr:\n%s\nmust begin with:\n%s", i+1, line, want[i])
		}
	}
}

func accepted(ts *testscript.TestScript, _ bool, want []string) {
	code, stdout, stderr := run(ts)
	if code != 0 {
		ts.Fatalf("exit code %d, stderr:\n%s", code, stderr)
	}
	for _, text := range want {
		if !strings.Contains(stdout, text) {
			ts.Fatalf("not in the output: %s", text)
		}
	}
}

// Whatever comes in, the function says what is wrong with it, or answers.
func FuzzFunction(f *testing.F) {
	list := "apiVersion: config.kubernetes.io/v1\nkind: ResourceList\nfunctionConfig:\n  apiVersion: istio-tenancy.dev/v1alpha1\n" +
		"  kind: IstioTenant\n  metadata: {name: sales}\n  spec: {admins: [{kind: User, name: jo}]}\nitems:\n"
	f.Add([]byte(list + "- {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}\n"))
	f.Add([]byte(list + "- {apiVersion: apps/v1, kind: Deployment, metadata: {name: istiod, namespace: ISTIO_TENANT_NAMESPACE}, " +
		"spec: {template: {spec: {containers: [{image: \"pilot:1.31.0\", args: [discovery]}]}}}}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var out, errors strings.Builder
		code := cli.Run([]string{}, cli.Streams{In: bytes.NewReader(data), Out: &out, Err: &errors})
		if code == 0 {
			require.NotEmpty(t, out.String())
			return
		}
		require.Empty(t, out.String())
		require.NotEmpty(t, errors.String())
		for line := range strings.Lines(errors.String()) {
			require.True(t, strings.HasPrefix(line, "istio-tenancy: "), line)
		}
	})
}
