/** What the kernel knows of another process: CPU time, memory, descriptors. Linux only. */
import { readdir, readFile } from "node:fs/promises";

/** CPU time of all its threads so far, https://docs.kernel.org/scheduler/sched-stats.html#proc-pid-schedstat */
export const cpuMsOf = async (pid: number): Promise<number> => {
  const threads = await readdir(`/proc/${pid}/task`);
  const texts = await Promise.all(
    threads.map(async (thread) => readFile(`/proc/${pid}/task/${thread}/schedstat`, "utf8")),
  );
  return texts.reduce((sum, text) => sum + Number(text.split(" ", 1)[0]), 0) / 1e6;
};

const mibOf = async (pid: number, field: string): Promise<number> => {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) / 1024;
};

/** Resident memory now. */
export const rssMiBOf = (pid: number): Promise<number> => mibOf(pid, "VmRSS");

/** The most that was ever resident. */
export const peakRssMiBOf = (pid: number): Promise<number> => mibOf(pid, "VmHWM");

/** Open descriptors: files, sockets, pipes. */
export const descriptorsOf = async (pid: number): Promise<number> => (await readdir(`/proc/${pid}/fd`)).length;

/** Bytes that it has read so far, from files and sockets: https://docs.kernel.org/filesystems/proc.html#proc-pid-io */
export const bytesReadBy = async (pid: number): Promise<number> =>
  Number(/^rchar: (\d+)$/m.exec(await readFile(`/proc/${pid}/io`, "utf8"))?.[1]);
