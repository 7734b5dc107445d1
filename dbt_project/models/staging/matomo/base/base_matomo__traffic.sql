{{ config(materialized='incremental', **replace_rows(['account_id', 'stream', 'report_date'])) }}

{%- set shape = {
    'report': 'text', 'gran': 'text', 'entry': 'text', 'nb_uniq_visitors': 'text', 'nb_uniq_visitors_new': 'text',
    'nb_visits': 'text', 'nb_actions': 'text', 'bounce_count': 'text', 'sum_visit_length': 'text',
    'goal_ecommerceOrder_nb_conversions': 'text', 'goal_ecommerceOrder_items': 'text', 'goal_ecommerceOrder_revenue': 'text',
    'ecommerce': 'text', 'currency': 'text'
} -%}

{{ report_rows('matomo', ['traffic', 'traffic_weekly', 'traffic_monthly'], shape, keep='latest') }}
