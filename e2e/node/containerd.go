package node

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
)

const containerdSocket = "/run/containerd/containerd.sock"

// startContainerd starts Debian's containerd. The machine may lack the right to
// raise a process's chance to be spared when memory runs out.
func (n *Node) startContainerd() error {
	if _, err := n.write("cni/10-pods.conflist", cniConfig); err != nil {
		return err
	}
	config, err := n.write("containerd.toml", fmt.Sprintf(`version = 2
root = %q
state = "/run/containerd"
[grpc]
  address = %q
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = %q
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = %q
`, n.file("containerd"), containerdSocket, pauseImage, n.file("cni")))
	if err != nil {
		return err
	}
	return n.Cluster.Serve("containerd", func() error { return n.ctr("version") }, "/usr/bin/containerd", "--config", config)
}

// ctr runs containerd's client in the namespace of the kubelet's images.
func (n *Node) ctr(args ...string) error {
	out, err := exec.Command("ctr", append([]string{"--address", containerdSocket, "--namespace", "k8s.io"}, args...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("ctr %s: %w: %s", strings.Join(args, " "), err, out)
	}
	return nil
}

const (
	pauseImage = "e2e.local/pause:1"
	dnsImage   = "e2e.local/coredns:1"
)

// imageFiles are files of images, and later those that the node starts without.
type imageFiles struct{ first, later []string }

// writeImages makes the images.
func (n *Node) writeImages(images []Image) (files imageFiles, err error) {
	images = append([]Image{{Name: pauseImage, Program: n.binaries["pause"]}, {Name: dnsImage, Program: n.binaries["coredns"]}}, images...)
	for i, image := range images {
		file := n.file(fmt.Sprintf("image-%d.tar", i))
		if err := image.write(file); err != nil {
			return files, fmt.Errorf("image %s: %w", image.Name, err)
		}
		if image.Later {
			files.later = append(files.later, file)
		} else {
			files.first = append(files.first, file)
		}
	}
	return files, nil
}

// bring gives containerd the images in files, and removes these.
func (n *Node) bring(files []string) error {
	for _, file := range files {
		if err := n.ctr("images", "import", file); err != nil {
			return err
		}
		if err := os.Remove(file); err != nil {
			return err
		}
	}
	return nil
}
