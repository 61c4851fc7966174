{#
    What to do about a contract, in words that can be checked. Only renewal__contract calls this:
    it stands here so that the model shows the arithmetic and this the sentences.
#}
{% macro renewal_words() -%}
{%- set text = dbt.type_string() -%}
trim(
    case phase
        when 'future' then 'Begins on ' || cast(starts_on as {{ text }}) || ': nothing to do yet.'
        when 'ended' then 'Ended on ' || cast(ends_on as {{ text }}) || ': nothing to do.'
        when 'no end known' then 'The register names no end of this contract: enter it.'
        when 'renewed' then 'By the register it renewed itself on ' || cast(renews_on as {{ text }}) || ': enter the new term.'
        when 'no notice known' then 'It renews itself on ' || cast(renews_on as {{ text }})
            || ' and the register names no period of notice: enter it.'
        when 'too late' then 'Notice had to be given by ' || cast(notice_by_on as {{ text }})
            || ': it renews itself on ' || cast(renews_on as {{ text }}) || '.'
        else case
            when is_auto_renew then 'Give notice by ' || cast(notice_by_on as {{ text }}) || ' (days left: '
                || cast({{ days_between('today_on', 'notice_by_on') }} as {{ text }}) || '), else it renews itself on '
                || cast(renews_on as {{ text }}) || '.'
            else 'It ends on ' || cast(renews_on as {{ text }}) || ' unless somebody renews it.'
        end
    end
    || case when phase in ('future', 'ended') then '' else
        case
            when assigned_seat_count is null then ' No member list: seats in use are not known.'
            when idle90_seat_count is null then ' The member list shows no last use: idle seats are not known.'
            when idle_seat_count = 0 and idle90_seat_count > 0 then ' Idle seats are counted at another contract.'
            when idle_seat_count = 0 then ' No seat was idle for 90 days.'
            else ' Of ' || cast(assigned_seat_count as {{ text }}) || ' assigned seats '
                || cast(idle90_seat_count as {{ text }}) || ' were idle for 90 days'
                || case
                    when seat_month_minor is null then '; the price of a seat is not known.'
                    when month_count is null then '; for how long they can be saved is not known.'
                    when month_count = 0 then '; the term can no longer be made smaller.'
                    else ': ' || cast(idle_seat_count as {{ text }}) || ' seats x '
                        || {{ money_words('seat_month_minor', 'currency') }} || ' x '
                        || cast(month_count as {{ text }}) || ' months = '
                        || {{ money_words('idle_seat_count * seat_month_minor * month_count', 'currency') }}
                        || case when can_reduce_in_term then ' until the term ends.' else ' in the next term.' end
                end
        end
        || case when unassigned_seat_count > 0
            then ' Of ' || cast(purchased_seat_count as {{ text }}) || ' seats bought '
                || cast(unassigned_seat_count as {{ text }}) || ' have nobody.' else '' end
        || case when phase = 'open' and live_count = 1 and idle_seat_count + unassigned_seat_count > 0
            then ' Seats needed: ' || cast(purchased_seat_count - unassigned_seat_count - idle_seat_count as {{ text }})
                || ' of ' || cast(purchased_seat_count as {{ text }}) || '.' else '' end
        || case when leaver_seat_count > 0
            then ' Seats of people who left: ' || cast(leaver_seat_count as {{ text }}) || '.' else '' end
        || case when assigned_seat_count > purchased_seat_count and live_count = 1
            then ' More seats are assigned than bought: '
                || cast(assigned_seat_count - purchased_seat_count as {{ text }}) || '.' else '' end
    end
)
{%- endmacro %}
