package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	rbacv1 "k8s.io/api/rbac/v1"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/access"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/diagnostic"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/rendered"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/snapshot"
	"github.com/istio-tenancy/istio-tenancy/plugin/internal/structured"
)

// errNo is the answer no: it is printed like any other, and an exit code says it, too.
var errNo = errors.New("no")

// accessFlags are what access is asked.
type accessFlags struct {
	format, as, can, file string
	groups                []string
}

func accessCommand(s Streams) *cobra.Command {
	o := snapshot.Options{In: s.In}
	var f accessFlags
	cmd := &cobra.Command{
		Use:   "access PATH... [--as SUBJECT] [--can QUESTION] [-o table|json|yaml|html]",
		Short: "Show who may do what, before anything is applied",
		Long: `Print what each user, group and ServiceAccount may do in which namespace, in a few
words that docs/access.md explains, and from which namespaces the network allows
connections. A PATH is an overlay, rendered YAML or a dump of a cluster: a file, a
directory, or - for stdin.

  -o html       writes one page with a matrix and a drawing, which needs no network
  --as SUBJECT  lists every rule of one subject, with its binding, its role and the
                files that have them. SUBJECT is User:NAME, Group:NAME or
                ServiceAccount:NAMESPACE/NAME; a NAME alone is a User. The rules of a
                user's groups are listed, too, if --as-group names the groups
  --can "VERB RESOURCE[.GROUP][/SUBRESOURCE] [NAME] [-n NAMESPACE]"
                answers one question, and gives the reason. Without -n, the question is
                about all namespaces. Without --as, the answer lists who may do it.
                RESOURCE is written as for kubectl. RESOURCE/NAME is accepted, too: the
                part after the slash is a subresource only if the resource has one of
                that name. With -f, the admission policies are applied to the object
                in a file, and to a Pod after the injection of its sidecar

Exit codes: 0 for success; with --can, 1 for the answer no, as with kubectl auth can-i,
and if only subjects that every cluster has may do it. Mistakes exit with 1, too. The
answer no is on stdout, and mistakes are on stderr. Exit code 130: access was stopped.`,
		Example: `  istio-tenancy access overlays/*
  istio-tenancy access rendered -o html > access.html
  istio-tenancy access rendered --as sales-admin
  istio-tenancy access rendered --as sales-admin --can "create pods -n ns-1" -f pod.yaml
  istio-tenancy access rendered --can "get secrets -n istio-system1"`,
		Args: arguments{name: "PATH", what: "an overlay, or a file or a directory of YAML, or - for stdin", example: "access overlays/*", least: 1}.check,
		RunE: func(cmd *cobra.Command, paths []string) error {
			debug.SetGCPercent(100) // as for render
			var err error
			if o.Executable, err = os.Executable(); err != nil {
				return err
			}
			o.Paths = paths
			for _, name := range []string{"as", "as-group", "can", "filename"} {
				if flag := cmd.Flags().Lookup(name); flag.Changed && (flag.Value.String() == "" || slices.Contains(f.groups, "") && name == "as-group") {
					value, _ := pflag.UnquoteUsage(flag)
					return fmt.Errorf("access: --%s: found \"\": must be a %s", name, value)
				}
			}
			o.Warn = s.warn
			ctx, stop := interruptible(context.Background())
			defer stop()
			err = f.run(ctx, s, o)
			if ctx.Err() != nil {
				return &failure{error: errors.New("access: interrupted"), code: interruptedCode}
			}
			return err
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&f.format, "output", "o", "", "`FORMAT`: table, json, yaml, or, without --as and --can, html (default table)")
	flags.StringVar(&f.as, "as", "", "the `SUBJECT` whose rules to list")
	flags.StringArrayVar(&f.groups, "as-group", nil, "a `GROUP` that the user of --as is in; repeatable")
	flags.StringVar(&f.can, "can", "", "the `QUESTION` to answer")
	flags.StringVarP(&f.file, "filename", "f", "", "`FILE` with the object to write, for --can; - for stdin")
	allowFlags(flags, &o.Allow)
	return cmd
}

func (f accessFlags) run(ctx context.Context, s Streams, o snapshot.Options) error {
	f.format = cmp.Or(f.format, "table")
	whole := f.as == "" && f.can == ""
	switch {
	case f.format != "table" && !structured.Is(f.format) && (f.format != "html" || !whole):
		return fmt.Errorf("access: --output: found %q: must be table, json, yaml, or, without --as and --can, html", f.format)
	case f.file != "" && f.can == "":
		return errors.New("access: --filename is given without --can: must be given with a question about the object, such as --can \"create pods -n ns-1\"")
	case len(f.groups) > 0 && f.as == "":
		return errors.New("access: --as-group is given without --as: must be given with the user who is in the group")
	}
	var who []access.Who
	if f.as != "" {
		subject, err := parseSubject(cmp.Or(ownUser(f.as), f.as))
		if err != nil {
			return fmt.Errorf("access: --as: %w", err)
		}
		who = append(who, access.Who{Subject: rbacv1.Subject{Kind: subject.Kind, Namespace: subject.Namespace, Name: subject.Name}, Groups: f.groups})
	}
	var question access.Question
	if f.can != "" {
		var err error
		if question, err = access.ParseQuestion(f.can); err != nil {
			return fmt.Errorf("access: --can: %w", err)
		}
	}
	reading, err := snapshot.Read(ctx, o)
	if err != nil {
		return err
	}
	model, err := access.New(reading.Snapshot)
	if err != nil {
		return err
	}
	if len(who) > 0 {
		if unnamed := model.Unnamed(who[0]); unnamed != "" {
			s.warn("access: --as: " + unnamed)
		}
	}
	if unknown := model.WithoutRules(who...); unknown != "" {
		s.warn("access: " + unknown)
	}
	switch {
	case f.can != "":
		return f.answer(ctx, s, o, model, question, who)
	case f.as != "":
		rights := model.Rights(who[0])
		if structured.Is(f.format) {
			return structured.Print(s.Out, f.format, rights)
		}
		return rights.Text(s.Out)
	}
	report, err := model.Report()
	if err != nil {
		return err
	}
	switch f.format {
	case "table":
		return report.Table(s.Out)
	case "html":
		return report.HTML(s.Out)
	}
	return structured.Print(s.Out, f.format, report)
}

func (f accessFlags) answer(ctx context.Context, s Streams, o snapshot.Options, model *access.Model, question access.Question, who []access.Who) error {
	if f.file != "" {
		const must = "must be a file with one object, or - for stdin"
		if info, err := os.Stat(f.file); f.file != rendered.Stdin && (err != nil || info.IsDir()) {
			why := "is a directory"
			if path := (*fs.PathError)(nil); errors.As(err, &path) {
				why = path.Err.Error()
			}
			return fmt.Errorf("access: --filename: %s: %s: %s", f.file, why, must)
		}
		o.Paths = []string{f.file}
		read, err := snapshot.Read(ctx, o)
		if err != nil {
			return diagnostic.InEachLine("access: --filename", err)
		}
		if len(read.Objects) != 1 {
			return fmt.Errorf("access: --filename: %s has %d objects: must have one", f.file, len(read.Objects))
		}
		if question, err = question.With(read.Objects[0]); err != nil {
			return err
		}
	}
	given, err := model.Ask(ctx, question, who...)
	if err != nil {
		return err
	}
	if structured.Is(f.format) {
		err = structured.Print(s.Out, f.format, given)
	} else {
		err = access.Answers(s.paint(s.Out, answers), question, given)
	}
	may := func(a access.Answer) bool { return a.Allowed && !a.OfEveryCluster }
	if err == nil && !slices.ContainsFunc(given, may) {
		return errNo
	}
	return err
}

// ownUser is how a User is written that is called as the API server calls its own, such as
// system:kube-scheduler, and that no Group is; else "".
func ownUser(text string) string {
	isGroup := slices.Contains([]string{"system:masters", "system:authenticated", "system:unauthenticated", "system:serviceaccounts", "system:nodes"}, text)
	if !strings.HasPrefix(text, "system:") || isGroup || strings.HasPrefix(text, "system:serviceaccounts:") {
		return ""
	}
	return "User:" + text
}
