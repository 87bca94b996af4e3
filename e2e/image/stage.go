package image

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
)

const (
	scratch = "scratch"
	golang  = "golang:"
)

// build is what the stages of a Dockerfile share.
type build struct {
	context string // the folder with the files of the build context
	stages  map[string]*stage
}

// stage is what one FROM has become.
type stage struct {
	base       string
	folder     string // its files, but for those of its base
	workdir    string
	env        []string
	args       []string
	user       string
	entrypoint []string
}

// stage makes a stage, below a folder.
func (b build) stage(ctx context.Context, parsed instructions.Stage, folder string) (*stage, error) {
	s := &stage{base: parsed.BaseName, folder: folder, workdir: "/"}
	switch {
	case parsed.Platform != "" && parsed.Platform != "$BUILDPLATFORM":
		return nil, fmt.Errorf("%s: found --platform=%s; this package knows $BUILDPLATFORM", parsed.OrigCmd, parsed.Platform)
	case s.base == scratch:
	case strings.HasPrefix(s.base, golang):
		if err := sameGo(ctx, strings.TrimPrefix(s.base, golang)); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("FROM %s: this package knows %s and %sVERSION, for which the machine's own Go stands", s.base, scratch, golang)
	}
	if err := makeFolder(folder); err != nil {
		return nil, err
	}
	for _, command := range parsed.Commands {
		if err := b.do(ctx, s, command); err != nil {
			return nil, fmt.Errorf("%s: %w", command, err)
		}
	}
	if parsed.Name != "" {
		b.stages[parsed.Name] = s
	}
	return s, nil
}

// sameGo is nil if the machine's Go is of the minor version that an image's tag
// says.
func sameGo(ctx context.Context, version string) error {
	out, err := command(ctx, "go", "env", "GOVERSION").Output()
	if err != nil {
		return fmt.Errorf("go env: %w", err)
	}
	found := strings.TrimPrefix(strings.TrimSpace(string(out)), "go")
	if found != version && !strings.HasPrefix(found, version+".") {
		return fmt.Errorf("FROM %s%s: the machine has Go %s", golang, version, found)
	}
	return nil
}

// command is one that has, as in the image of Go, the Go that is there and no
// settings for it.
func command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "GOTOOLCHAIN=local", "GOFLAGS=", "GOWORK=off")
	return cmd
}

func (b build) do(ctx context.Context, s *stage, command instructions.Command) error {
	switch c := command.(type) {
	case *instructions.ArgCommand:
		for _, arg := range c.Args {
			value, known := platform[arg.Key]
			if !known || arg.Value != nil {
				return fmt.Errorf("found %s; this package knows TARGETOS and TARGETARCH, without a default", arg.String())
			}
			s.args = append(s.args, arg.Key+"="+value)
		}
		return nil
	case *instructions.WorkdirCommand:
		s.workdir = s.absolute(c.Path)
		return makeFolder(s.at(c.Path))
	case *instructions.CopyCommand:
		return b.copy(s, c)
	case *instructions.RunCommand:
		return s.run(ctx, c)
	case *instructions.EnvCommand:
		for _, variable := range c.Env {
			s.env = append(s.env, variable.String())
		}
		return literal(s.env...)
	case *instructions.UserCommand:
		s.user = c.User
		return literal(c.User)
	case *instructions.EntrypointCommand:
		if c.PrependShell {
			return fmt.Errorf("found a line for a shell; the image has none: write a list")
		}
		s.entrypoint = c.CmdLine
		return nil
	}
	return fmt.Errorf("this package does not know %s", strings.ToUpper(command.Name()))
}

// platform are the arguments that a builder sets without being asked.
var platform = map[string]string{"TARGETOS": runtime.GOOS, "TARGETARCH": runtime.GOARCH}

// literal refuses what a builder would put something else for.
func literal(words ...string) error {
	for _, word := range words {
		if strings.ContainsAny(word, "$*?[") {
			return fmt.Errorf("found %q; this package knows neither variables nor patterns", word)
		}
	}
	return nil
}

// absolute is a path of the stage.
func (s *stage) absolute(name string) string {
	if !path.IsAbs(name) {
		name = path.Join(s.workdir, name)
	}
	return path.Clean(name)
}

// at is where a path of the stage is on this machine.
func (s *stage) at(name string) string { return filepath.Join(s.folder, s.absolute(name)) }

func (b build) copy(s *stage, c *instructions.CopyCommand) error {
	if c.Chmod != "" || c.Chown != "" || c.Link || c.Parents || len(c.ExcludePatterns) > 0 || len(c.SourceContents) > 0 {
		return fmt.Errorf("this package knows the option --from alone")
	}
	if err := literal(append([]string{c.From, c.DestPath}, c.SourcePaths...)...); err != nil {
		return err
	}
	from := func(name string) string { return filepath.Join(b.context, path.Clean("/"+name)) }
	if c.From != "" {
		other := b.stages[c.From]
		if other == nil {
			return fmt.Errorf("found --from=%s, which is no stage before", c.From)
		}
		from = func(name string) string { return other.at(path.Join("/", name)) }
	}
	folder := strings.HasSuffix(c.DestPath, "/")
	if len(c.SourcePaths) > 1 && !folder {
		return fmt.Errorf("found several files for %s, which does not end in /", c.DestPath)
	}
	for _, source := range c.SourcePaths {
		target := s.at(c.DestPath)
		info, err := os.Stat(from(source))
		if err != nil {
			return fmt.Errorf("%s is not there: %w", source, err)
		}
		if folder && !info.IsDir() { // of a folder, the contents are copied
			target = filepath.Join(target, path.Base(source))
		}
		if err := copyTree(from(source), target); err != nil {
			return err
		}
	}
	return nil
}

// absolutePath is a word of a shell's line that begins with a slash.
var absolutePath = regexp.MustCompile(`(^|[\s='":])/`)

// run runs a line of the stage's shell in the stage's folder. It is not confined to
// it, so that a line that names another place is refused.
func (s *stage) run(ctx context.Context, c *instructions.RunCommand) error {
	line := strings.Join(c.CmdLine, " ")
	switch {
	case s.base == scratch:
		return fmt.Errorf("there is nothing to run in %s", scratch)
	case !c.PrependShell || len(c.FlagsUsed) > 0 || len(c.Files) > 0: // of --mount, << and the like
		return fmt.Errorf("this package knows a line for a shell, without options")
	case absolutePath.MatchString(line):
		return fmt.Errorf("found an absolute path; write it relative to WORKDIR, so that the line can be run in any folder")
	}
	cmd := command(ctx, "/bin/sh", "-c", `umask 022 && exec /bin/sh -c "$0"`, line)
	cmd.Dir = s.at(s.workdir)
	cmd.Env = slices.Concat(cmd.Env, s.args, s.env)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}
