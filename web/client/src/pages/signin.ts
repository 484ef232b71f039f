import "../ui/styles";
import "../ui/sign-in.css";
