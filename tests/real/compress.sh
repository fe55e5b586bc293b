# gzip and xz there and back, at several levels, and with a damaged file.
seq 1 20000 | awk '{ print $1, $1 * 7919 % 10007, "some text" }' >text
for level in 1 6 9; do
	gzip -n -"$level" -c text >text.gz
	cksum <text.gz
	gzip -dc text.gz | cmp - text && echo "gzip $level same"
done
for level in 0 3; do
	xz -"$level" -c text >text.xz
	cksum <text.xz
	xz -dc text.xz | cmp - text && echo "xz $level same"
done
xz --list --robot text.xz | tail -n 1
head -c 3000 text.gz | gzip -t 2>&1
head -c 3000 text.xz | xz -t 2>&1
