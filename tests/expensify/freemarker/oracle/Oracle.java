import freemarker.core.InvalidReferenceException;
import freemarker.template.*;
import java.io.*;
import java.math.*;
import java.nio.charset.StandardCharsets;
import java.util.*;

/**
 * The real FreeMarker behind JSON lines: {"template", "data", "missing", "boolean", "zone", "repeat"} in,
 * {"output"} or {"error", "line", "column"} out, one per line.
 *
 * It is set up as our Settings are: locale en_US, number_format "0.######", no auto-escaping. An exception handler
 * stands for the two modes: missing "empty" drops a tag that fails for a missing value, boolean "empty" drops one
 * that fails for printing a boolean; everything else ends the template. boolean "words" is boolean_format "c".
 * "repeat" renders that many times and answers {"seconds"}, the best of them.
 */
public class Oracle {
    public static void main(String[] args) throws IOException {
        System.setProperty("org.freemarker.loggerLibrary", "none");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, "UTF-8");
        String line;
        while ((line = in.readLine()) != null) {
            Map<?, ?> request = (Map<?, ?>) new Json(line).value();
            StringBuilder answer = new StringBuilder("{");
            try {
                answer(request, answer);
            } catch (TemplateException e) {
                failure(answer, e.getMessageWithoutStackTop(), e.getLineNumber(), e.getColumnNumber());
            } catch (freemarker.core.ParseException e) {
                failure(answer, e.getEditorMessage(), e.getLineNumber(), e.getColumnNumber());
            } catch (Throwable e) {
                failure(answer, e.toString(), 0, 0);
            }
            out.println(answer.append("}"));
        }
    }

    static void answer(Map<?, ?> request, StringBuilder answer) throws Exception {
        Configuration configuration = new Configuration(Configuration.VERSION_2_3_31);
        configuration.setLocale(Locale.US);
        configuration.setNumberFormat("0.######");
        configuration.setTimeZone(TimeZone.getTimeZone((String) request.get("zone")));
        configuration.setURLEscapingCharset("UTF-8");
        configuration.setLogTemplateExceptions(false);
        configuration.setAttemptExceptionReporter((e, env) -> { });
        configuration.setWrapUncheckedExceptions(true);
        boolean forgivesMissing = request.get("missing").equals("empty");
        boolean forgivesBoolean = request.get("boolean").equals("empty");
        if (request.get("boolean").equals("words")) {
            configuration.setBooleanFormat("c");
        }
        configuration.setTemplateExceptionHandler((e, env, writer) -> {
            boolean missing = false;
            boolean unformatted = false;
            for (Throwable cause = e; cause != null; cause = cause.getCause()) {
                String message = cause instanceof TemplateException
                    ? ((TemplateException) cause).getMessageWithoutStackTop() : String.valueOf(cause.getMessage());
                missing |= cause instanceof InvalidReferenceException
                    || message.contains("null/missing value") || message.contains("received a Null");
                unformatted |= message.contains("Can't convert boolean to string automatically");
            }
            if (!(forgivesMissing && missing) && !(forgivesBoolean && unformatted)) {
                throw e;
            }
        });
        Template template = new Template("t", (String) request.get("template"), configuration);
        Object data = decode(request.get("data"));
        int repeat = request.containsKey("repeat") ? Integer.parseInt((String) request.get("repeat")) : 1;
        long best = Long.MAX_VALUE;
        String output = "";
        for (int i = 0; i < repeat; i++) {
            long start = System.nanoTime();
            StringWriter writer = new StringWriter();
            template.process(data, writer);
            output = writer.toString();
            best = Math.min(best, System.nanoTime() - start);
        }
        // Lone halves of surrogate pairs become ? when Java writes a file; they do here too.
        output = new String(output.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
        answer.append("\"output\":");
        quote(answer, output);
        answer.append(",\"seconds\":").append(best / 1e9);
    }

    static void failure(StringBuilder answer, String message, int line, int column) {
        answer.append("\"error\":");
        quote(answer, String.valueOf(message));
        answer.append(",\"line\":").append(line).append(",\"column\":").append(column);
    }

    /** Numbers and dates come as {"i"|"d"|"f"|"date"|"time"|"datetime": text}, maps as {"m": [[key, value], …]}. */
    static Object decode(Object value) {
        if (value instanceof List) {
            List<Object> items = new ArrayList<>();
            for (Object item : (List<?>) value) {
                items.add(decode(item));
            }
            return items;
        }
        if (!(value instanceof Map)) {
            return value;
        }
        Map.Entry<?, ?> entry = ((Map<?, ?>) value).entrySet().iterator().next();
        switch ((String) entry.getKey()) {
            case "i": return integer(new BigInteger((String) entry.getValue()));
            case "d": return new BigDecimal((String) entry.getValue());
            case "f": return Double.valueOf((String) entry.getValue());
            case "date": return moment(entry.getValue(), TemplateDateModel.DATE);
            case "time": return moment(entry.getValue(), TemplateDateModel.TIME);
            case "datetime": return moment(entry.getValue(), TemplateDateModel.DATETIME);
            default:
                Map<String, Object> map = new LinkedHashMap<>();
                for (Object pair : (List<?>) entry.getValue()) {
                    map.put((String) ((List<?>) pair).get(0), decode(((List<?>) pair).get(1)));
                }
                return map;
        }
    }

    static Object moment(Object millis, int kind) {
        return new SimpleDate(new Date(Long.parseLong((String) millis)), kind);
    }

    static Number integer(BigInteger value) {
        if (value.bitLength() < 32) {
            return value.intValue();
        }
        return value.bitLength() < 64 ? (Number) value.longValue() : value;
    }

    static void quote(StringBuilder to, String text) {
        to.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                to.append('\\').append(c);
            } else if (c < 32 || c > 126) {
                to.append(String.format("\\u%04x", (int) c));
            } else {
                to.append(c);
            }
        }
        to.append('"');
    }

    /** As much JSON as the requests need: strings, lists, maps, true, false and null. */
    static class Json {
        final String text;
        int at;

        Json(String text) {
            this.text = text;
        }

        Object value() {
            char c = next();
            switch (c) {
                case '"': return string();
                case '[': {
                    List<Object> items = new ArrayList<>();
                    while (peek() != ']') {
                        items.add(value());
                        if (peek() == ',') {
                            at++;
                        }
                    }
                    at++;
                    return items;
                }
                case '{': {
                    Map<String, Object> map = new LinkedHashMap<>();
                    while (peek() != '}') {
                        next();
                        String key = string();
                        next();
                        map.put(key, value());
                        if (peek() == ',') {
                            at++;
                        }
                    }
                    at++;
                    return map;
                }
                case 't': at += 3; return Boolean.TRUE;
                case 'f': at += 4; return Boolean.FALSE;
                case 'n': at += 3; return null;
                default: throw new IllegalArgumentException("unexpected " + c);
            }
        }

        char peek() {
            while (text.charAt(at) == ' ') {
                at++;
            }
            return text.charAt(at);
        }

        char next() {
            char c = peek();
            at++;
            return c;
        }

        String string() {
            StringBuilder out = new StringBuilder();
            while (text.charAt(at) != '"') {
                char c = text.charAt(at++);
                if (c != '\\') {
                    out.append(c);
                    continue;
                }
                char escape = text.charAt(at++);
                switch (escape) {
                    case 'u': out.append((char) Integer.parseInt(text.substring(at, at + 4), 16)); at += 4; break;
                    case 'n': out.append('\n'); break;
                    case 't': out.append('\t'); break;
                    case 'r': out.append('\r'); break;
                    case 'b': out.append('\b'); break;
                    case 'f': out.append('\f'); break;
                    default: out.append(escape);
                }
            }
            at++;
            return out.toString();
        }
    }
}
