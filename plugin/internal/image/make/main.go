// Command make builds this program for containers, and makes its image:
//
//	go run ./plugin/internal/image/make -o dist/image
//	go run ./plugin/internal/image/make -o dist/image -push registry.example/istio-tenancy:v1.0.0
//
// The first leaves a folder in the layout of OCI, which tools such as crane, skopeo and
// regctl copy. The second copies it to a registry, with the credentials that docker and
// podman keep. Both list its layers. It runs at the top of the repository.
package main

import (
	"context"
	"debug/buildinfo"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/image"
)

func main() {
	into := flag.String("o", "", "`folder` for the image. It must be empty, or must not exist")
	platforms := flag.String("platforms", "linux/amd64,linux/arm64", "`platforms` to build for, separated by commas")
	to := flag.String("push", "", "`name` in a registry, with a tag. The image is pushed there")
	flag.Parse()
	if err := run(context.Background(), *into, strings.Split(*platforms, ","), *to); err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, into string, platforms []string, to string) error {
	if into == "" {
		return errors.New(`-o: found "". Write the folder for the image`)
	}
	work, err := os.MkdirTemp("", "image-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	var programs []image.Program
	for i, text := range platforms {
		platform, err := v1.ParsePlatform(text)
		if err != nil {
			return fmt.Errorf("-platforms: %w", err)
		}
		program := image.Program{File: filepath.Join(work, fmt.Sprint(i)), Platform: *platform}
		if err := build(ctx, program); err != nil {
			return err
		}
		programs = append(programs, program)
	}
	facts, err := factsOf(programs[0].File)
	if err != nil {
		return err
	}
	index, err := image.New(programs, facts)
	if err != nil {
		return err
	}
	if err := image.Write(into, index); err != nil {
		return err
	}
	if err := image.List(os.Stdout, index); err != nil || to == "" {
		return err
	}
	if err := image.Push(ctx, to, index); err != nil {
		return fmt.Errorf("-push: %w", err)
	}
	return nil
}

// build builds the program without C, so that it is linked statically, and without paths
// of this machine.
func build(ctx context.Context, program image.Program) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=auto", "-ldflags", "-s -w", "-o", program.File, "./plugin/cmd/istio-tenancy")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+program.Platform.OS, "GOARCH="+program.Platform.Architecture)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build for %s: %w\n%s", program.Platform, err, out)
	}
	return nil
}

// factsOf are what Go has written into a program. Without a repository of Git around the
// sources, there is no commit and no time, and the image says the same each time.
func factsOf(program string) (image.Facts, error) {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return image.Facts{}, err
	}
	facts := image.Facts{Made: time.Unix(0, 0), Version: info.Main.Version, Revision: setting(info, "vcs.revision")}
	if text := setting(info, "vcs.time"); text != "" {
		facts.Made, err = time.Parse(time.RFC3339, text)
	}
	return facts, err
}

func setting(info *debug.BuildInfo, key string) string {
	for _, setting := range info.Settings {
		if setting.Key == key {
			return setting.Value
		}
	}
	return ""
}
