// The zone of the browser becomes the account's, unless it says none.
const field = document.getElementById("time_zone");
if (field) field.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "";
