# Many applets on real input. Each `busybox APPLET` is a process of its own.
b=/bin/busybox
$b seq 1 3000 | $b awk '{ print $1, $1 * $1 % 97, "line-" $1 % 13 }' >text
$b wc text
$b md5sum text; $b sha1sum <text; $b sha256sum <text; $b sha512sum <text; $b cal 2 2024
$b sort -k2n -k1nr text | $b head -n 5
$b cut -d' ' -f3 text | $b sort | $b uniq -c | $b tr -s ' ' | $b tail -n 3
$b sed -n 's/line-\(1[0-2]\)/<\1>/p' text | $b sed '5q'
$b grep -c 'line-7$' text; $b grep -E '^(1|2)00 ' text; $b grep -v line text
$b awk '{ s[$3] += $2 } END { for (k in s) print k, s[k] }' text | $b sort | $b head -n 4
$b gzip -c text >text.gz; $b gunzip -c text.gz | $b cmp - text && echo gzip same
$b bzip2 -c text >text.bz2; $b bunzip2 -c text.bz2 | $b md5sum
$b base64 text | $b base64 -d | $b cmp - text && echo base64 same
$b od -A d -t x1 text | $b head -n 2; $b hexdump -C text | $b tail -n 2; $b xxd text | $b head -n 2
$b mkdir -p tree/a/b; $b cp text tree/a/b/copy; $b ln -s copy tree/a/b/link; $b touch -d '2020-01-02 03:04:05' tree/a/old
$b find tree | $b sort; $b tar cf tree.tar tree; $b tar tf tree.tar | $b sort; $b rm -r tree
$b tar xf tree.tar; $b cmp text tree/a/b/copy && echo tar same; $b stat -c '%a %s %F' tree/a/b/copy
$b date -u -r tree/a/old '+%Y-%m-%d %H:%M:%S'; $b date -u -d @1700000000
$b sed 's/100/one hundred/' text >changed; $b diff text changed | $b head -n 4
echo 'scale=20; 4*a(1); 2^100; sqrt(2)' | $b bc -l; echo '2 3 + 4 * p' | $b dc
$b expr 6 \* 7; $b factor 600851475143; $b printf '%5.2f|%s|%x\n' 3.14159 text 255
$b dd if=text of=part bs=100 skip=3 count=7 2>/dev/null; $b wc -c part
$b fold -w 20 changed | $b head -n 2; $b rev text | $b head -n 2; $b tac text | $b head -n 2; $b nl text | $b head -n 2
$b paste text changed | $b head -n 2; $b expand -t 4 changed | $b tail -n 1; $b unexpand changed | $b tail -n 1
printf 'a b c\nd e f\n' | $b xargs -n 2 echo arg:; $b basename /x/y.c .c; $b dirname /x/y.c; $b env -i A=1 $b env
for applet in true false; do $b $applet; echo "$applet $?"; done
i=0; while [ $i -lt 300 ]; do i=$((i + 1)); done; echo "shell counted to $i"
$b sh -c 'kill -9 $$'; echo "killed: $?"; $b sleep 0.01
