{#
    Joins, as `switched`, the stretches in which a feature's flag was on for a person between the
    first and the last day on which the person was active in the week under the plan.
#}
{% macro left_join_flags(features, plan_weeks) -%}
    left join {{ ref('bridge_feature_flag') }} as switched
        on switched.feature_id = {{ features }}.feature_id and switched.person_id = {{ plan_weeks }}.person_id
        and switched.on_from <= {{ plan_weeks }}.last_on
        and (switched.on_until is null or switched.on_until >= {{ plan_weeks }}.first_on)
{%- endmacro %}
