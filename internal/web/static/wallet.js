// Counts down and fetches a new code before the old one ends. Without it the link does the same by hand.
const left = document.querySelector(".left");
const seconds = left.querySelector("b");
const end = Date.now() + Number(left.dataset.seconds) * 1000;
const tick = () => {
  const now = Math.max(0, Math.ceil((end - Date.now()) / 1000));
  seconds.textContent = now;
  left.classList.toggle("soon", now <= 10);
  if (now <= 0 && !document.hidden) location.reload(); else setTimeout(tick, 250);
};
tick();
