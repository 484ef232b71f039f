/** Styles only: the sign-in page works without a script. */
import "../ui/styles";
import "../ui/sign-in.css";
