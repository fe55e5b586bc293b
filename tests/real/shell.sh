# Pipelines, subshells, job control's basics, traps, here documents, arrays, arithmetic, redirections.
for i in 1 2 3; do echo $i | tr 1 2; done
echo "$(seq 1 100 | grep 5 | sort -r | head -n 3 | tr '\n' ' ')"
mapfile -t lines < <(printf '%s\n' b a c | sort)
echo "${lines[@]^^}" "${#lines[@]}"
set -o pipefail; false | cat; echo "pipefail $?"; set +o pipefail
(exit 7); echo "subshell $?"
sleep 0.02 & wait $!; echo "background $?"
sleep 5 & kill -TERM $!; wait $! 2>/dev/null; echo "killed $?"
trap 'echo trapped' USR1; kill -USR1 $$
cat <<END | sed 's/^/> /'
here $((6 * 7)) $(echo nested "$(echo twice)")
END
exec 3>file; echo to three >&3; exec 3>&-; read -r line <file; echo "$line"
/bin/no-such-program 2>/dev/null; echo "missing $?"
fib() { (($1 < 2)) && echo "$1" || echo $(($(fib $(($1 - 1))) + $(fib $(($1 - 2))))); }
echo "fib $(fib 6)"
coproc tr a-z A-Z; exec {answer}<&"${COPROC[0]}"; echo hello >&"${COPROC[1]}" # bash forgets COPROC when it has ended
exec {COPROC[1]}>&-; read -r line <&"$answer"; echo "$line"
[[ abc123 =~ ^([a-z]+)([0-9]+)$ ]] && echo "${BASH_REMATCH[2]}-${BASH_REMATCH[1]}"
printf -v padded '%08.3f' 3.14159; echo "$padded ${padded//0/o} ${padded:2:3}"
mkdir d; touch d/{a,b}.{c,h}; echo d/*.c d/?.h; ls -l d | wc -l; rm -r d
trap 'echo bye' EXIT
exit 9
